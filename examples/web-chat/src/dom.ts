/** Small helpers around the document. Texts are set as texts: nothing that somebody wrote becomes markup. */

/** The element that the page has of this selector. */
export function find<E extends HTMLElement = HTMLElement>(selector: string, within: ParentNode = document): E {
  const found = within.querySelector<E>(selector);
  if (found === null) throw new Error(`the page has no ${selector}`);
  return found;
}

/** A copy of a template's one element. */
export function copy<E extends HTMLElement = HTMLElement>(template: string): E {
  const { content } = find<HTMLTemplateElement>(template) as unknown as HTMLTemplateElement;
  return (content.firstElementChild as E).cloneNode(true) as E;
}

/**
 * Makes the children of a list those of these items, by their keys. What was there stays the same element, and keeps the focus
 * and its place.
 */
export function fill<Item>(list: HTMLElement, items: readonly Item[], key: (item: Item) => string, make: (item: Item) => HTMLElement,
  update: (element: HTMLElement, item: Item) => void): void {
  const before = new Map([...list.children].map((element) => [(element as HTMLElement).dataset.key, element as HTMLElement]));
  let next = list.firstElementChild;
  for (const item of items) {
    const name = key(item);
    const element = before.get(name) ?? make(item);
    before.delete(name);
    element.dataset.key = name;
    update(element, item);
    if (element === next) next = next.nextElementSibling;
    else list.insertBefore(element, next);
  }
  for (const element of before.values()) element.remove();
}

/** Paints somebody's initial in a colour of their own, which follows from their key. */
export function paint(avatar: HTMLElement, identity: string, name: string): void {
  avatar.textContent = ([...name][0] ?? "?").toUpperCase();
  avatar.style.setProperty("--hue", String(Number.parseInt(identity.slice(-4), 16) % 360));
}

/** What there is to read in an error. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Calls on submission; meanwhile the form cannot be submitted again. What fails is shown. */
export function onSubmit(
  form: HTMLFormElement,
  error: HTMLElement,
  submit: (form: HTMLFormElement, values: Record<string, string>) => Promise<void>,
): void {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = form.querySelector<HTMLButtonElement>("button:not([type=button])");
    void attempt(error, button, () => submit(form, Object.fromEntries(new FormData(form)) as Record<string, string>));
  });
}

/** Calls on a click, in the same way. */
export function onClick(button: HTMLButtonElement, error: HTMLElement, click: () => Promise<void>): void {
  button.addEventListener("click", () => void attempt(error, button, click));
}

async function attempt(error: HTMLElement, button: HTMLButtonElement | null, work: () => Promise<void>): Promise<void> {
  error.textContent = "";
  if (button) button.disabled = true;
  try {
    await work();
  } catch (failed) {
    error.textContent = reason(failed);
  } finally {
    if (button) button.disabled = false;
  }
}
