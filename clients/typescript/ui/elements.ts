/** What of an element is set: attributes by their names, and what is done on an event. */
type Settings = Record<string, string | boolean | ((event: Event) => void)>;
type Child = Node | string | null;

const SVG = "http://www.w3.org/2000/svg";

/** An element. Texts become text nodes: nothing that comes from a contact is ever read as HTML. */
export function h<K extends keyof HTMLElementTagNameMap>(name: K, settings: Settings = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(settings)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (typeof value === "boolean") element.toggleAttribute(key, value);
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** The element of the page with this id. */
export function byId<E extends HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no ${id}`);
  return element as E;
}

/** Puts children into an element, unless it shows the same already: what somebody has selected stays so. */
export function show(element: Element, shown: unknown, children: () => Child[]): void {
  const key = JSON.stringify(shown);
  if (element.getAttribute("data-shown") === key) return;
  element.setAttribute("data-shown", key);
  element.replaceChildren(...children().filter((child) => child !== null));
}

function svg(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** One look at a session: how many messages it took since the look before. */
export interface Tick {
  sent: number;
  received: number;
}

/** Looks that a drawing shows. */
export const TICKS = 60;

/** The steps of a ratchet over time: those of the sending chain upwards, of the receiving one downwards. */
export function drawn(ticks: readonly Tick[]): SVGElement {
  const [width, middle] = [3, 12];
  const most = Math.max(4, ...ticks.map(({ sent, received }) => Math.max(sent, received)));
  const height = (steps: number) => (steps === 0 ? 0 : Math.max(2, (steps / most) * (middle - 1)));
  const sums = ticks.reduce((sum, { sent, received }) => ({ sent: sum.sent + sent, received: sum.received + received }), {
    sent: 0,
    received: 0,
  });
  const drawing = svg("svg", { viewBox: `0 0 ${width * TICKS} ${2 * middle}`, class: "ticks", role: "img", preserveAspectRatio: "none" });
  drawing.setAttribute("aria-label", `since this page looks: ${sums.sent} sent, ${sums.received} received`);
  drawing.append(svg("rect", { x: 0, y: middle - 0.5, width: width * TICKS, height: 1, class: "axis" }));
  const first = TICKS - ticks.length;
  ticks.forEach(({ sent, received }, index) => {
    const x = (first + index) * width;
    const [up, down] = [height(sent), height(received)];
    if (up > 0) drawing.append(svg("rect", { x, y: middle - up, width: width - 0.6, height: up, class: "sent" }));
    if (down > 0) drawing.append(svg("rect", { x, y: middle, width: width - 0.6, height: down, class: "received" }));
  });
  return drawing;
}
