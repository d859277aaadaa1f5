import { ConnectionError } from "../src/errors.js";
import type { AccountInfo, EventInfo, InstallationInfo, SessionInfo, TopicInfo } from "../src/generated.js";
import { http } from "../src/http.js";
import { TICKS, type Tick, byId, drawn, h, show } from "./elements.js";
import { type Known, explained } from "./explain.js";
import { Reader } from "./reader.js";
import { about, ago, next, pasted, short, shut, standing, time, told } from "./words.js";

/** How often the sessions are looked at, in milliseconds. Events lead to a look of their own. */
const INTERVAL = 2000;
/** Events that stay on the page, and those of before that it begins with. */
const EVENTS = 200;
const EVENTS_BEFORE = 50;
/** Others whose devices and topics are shown: a topic costs the daemon some ten milliseconds, once. */
const MOST_PEERS = 30;
/** Where the token lies: in this tab alone, and gone with it. */
const TOKEN = "ratchetd.token";

/** What is looked at of one account. */
interface Look {
  account: AccountInfo;
  sessions: SessionInfo[];
  devices: InstallationInfo[];
  peers: string[];
}

/** One visit, from the token to the next one. */
class Visit {
  readonly #reader: Reader;
  readonly #over = new AbortController();
  #accounts: AccountInfo[] = [];
  #look: Look | null = null;
  /** The daemon's clock less ours. */
  #ahead = 0;
  #ticks = new Map<string, { last: SessionInfo; ticks: Tick[] }>();
  #events: EventInfo[] = [];
  #wake = () => {};

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** @throws ConnectionError if the token is wrong. */
  async begin(): Promise<void> {
    const status = await this.#reader.read("system_status", {});
    this.#ahead = status.now - Date.now();
    byId("daemon").textContent = `${status.version}${status.dev ? " · --dev" : ""} · up since ${time(status.startedAt)}`;
    document.addEventListener("visibilitychange", () => this.#wake(), { signal: this.#over.signal });
    byId("only").addEventListener("change", () => this.#showEvents(), { signal: this.#over.signal });
    byId("why").addEventListener("submit", (event) => this.#explain(event), { signal: this.#over.signal });
    await this.#showAccounts();
    void this.#follow(Math.max(0, status.newestEvent - EVENTS_BEFORE));
    void this.#watch();
  }

  end(): void {
    this.#over.abort();
    this.#wake();
  }

  get #now(): number {
    return Date.now() + this.#ahead;
  }

  async #showAccounts(): Promise<void> {
    this.#accounts = await this.#reader.read("account_list", {});
    const [first] = this.#accounts;
    if (this.#look === null && first !== undefined) this.#choose(first);
    const chosen = this.#look?.account.account;
    show(byId("accounts"), [this.#accounts, chosen], () => {
      if (first === undefined) return [h("li", { class: "quiet" }, "There are none yet.")];
      return this.#accounts.map((account) => {
        const current = String(account.account === chosen);
        const button = h("button", { type: "button", "aria-current": current, click: () => this.#choose(account, true) }, account.account);
        return h("li", {}, button);
      });
    });
  }

  #choose(account: AccountInfo, isAsked = false): void {
    this.#look = { account, sessions: [], devices: [], peers: [] };
    this.#ticks.clear();
    byId("own").textContent = account.account;
    show(byId("account"), account, () => [
      ...pair("public key", short(account.publicKey, 18, 12), account.publicKey),
      ...pair("compressed", account.compressedKey),
      ...pair("this device", account.installationId),
      ...pair("made", time(account.createdAt)),
    ]);
    for (const id of ["sessions", "devices", "topics"]) show(byId(id), null, () => [h("p", { class: "quiet" }, "…")]);
    byId("answer").replaceChildren();
    this.#showEvents();
    if (isAsked) void this.#showAccounts();
    this.#wake();
  }

  /** Looks again and again, while somebody may see it. */
  async #watch(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      if (!document.hidden && this.#look !== null) {
        try {
          await this.#lookAgain(this.#look);
          state("live", "live");
          byId("fault").textContent = "";
        } catch (error) {
          if (signal.aborted) return;
          if (error instanceof ConnectionError && !error.isTransient) return leave(error.message);
          if (error instanceof ConnectionError) state("lost", "the daemon does not answer");
          else byId("fault").textContent = said(error);
        }
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, INTERVAL);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #lookAgain(look: Look): Promise<void> {
    const { account } = look.account;
    const reader = this.#reader;
    const sessions = await reader.read("session_list", { account });
    if (this.#look !== look) return;
    for (const session of sessions) this.#tick(session);
    look.sessions = sessions;
    this.#showSessions(look);
    const contacts = await reader.read("contact_list", { account });
    const peers = [...new Set([...sessions, ...contacts].map(({ identity }) => identity))].slice(0, MOST_PEERS);
    const lists = await Promise.all([undefined, ...peers].map((identity) => reader.read("installation_list", identity === undefined ? { account } : { account, identity })));
    if (this.#look !== look) return;
    look.devices = lists.flat();
    this.#showDevices(look);
    if (JSON.stringify(peers) === JSON.stringify(look.peers) && peers.length > 0) return;
    look.peers = peers;
    show(byId("known"), peers, () => peers.map((peer) => h("option", { value: peer }, this.#named(peer))));
    await this.#showTopics(look).catch((error: unknown) => {
      // The next look shows them.
      look.peers = [];
      throw error;
    });
  }

  #tick(session: SessionInfo): void {
    const known = this.#ticks.get(session.sessionId);
    const { last, ticks } = known ?? { last: session, ticks: [] };
    ticks.push({ sent: session.sent - last.sent, received: session.received - last.received });
    if (ticks.length > TICKS) ticks.shift();
    this.#ticks.set(session.sessionId, { last: session, ticks });
  }

  /** What an identity is called here: the name of an account of this daemon, or the ends of its key. */
  #named(identity: string): string {
    return this.#accounts.find(({ publicKey }) => publicKey === identity)?.account ?? short(identity, 10, 6);
  }

  #showSessions({ sessions }: Look): void {
    const rank = { active: 0, superseded: 1, expired: 2 };
    const last = ({ lastSentAt, lastReceivedAt, createdAt }: SessionInfo) => Math.max(lastSentAt ?? 0, lastReceivedAt ?? 0, createdAt);
    const sorted = [...sessions].sort((one, other) => rank[one.standing] - rank[other.standing] || last(other) - last(one));
    const shown = sorted.map((session) => [session, this.#ticks.get(session.sessionId)?.ticks, ago(last(session), this.#now)]);
    show(byId("sessions"), shown, () => {
      if (sorted.length === 0) return [none("No sessions: none of its messages has gone by a ratchet yet.")];
      const rows = sorted.map((session) =>
        h(
          "tr",
          { "data-session": session.sessionId },
          cell("with", h("span", { title: session.identity }, this.#named(session.identity)), small(short(session.installationId ?? "device not known yet", 14), session.installationId ?? ""), small(`session ${short(session.sessionId)}`, session.sessionId)),
          cell(
            session.standing === "active" ? "with" : "",
            badge(session.standing),
            small(standing(session)),
            small(`${session.suite}, ${session.role}`),
            small(`made ${ago(session.createdAt, this.#now)}`, time(session.createdAt)),
          ),
          cell("sent", String(session.sent), small(ago(session.lastSentAt, this.#now))),
          cell("received", String(session.received), small(ago(session.lastReceivedAt, this.#now))),
          cell("keys kept", String(session.storedKeys)),
          cell("drawing", drawn(this.#ticks.get(session.sessionId)?.ticks ?? [])),
        ),
      );
      return [table(["With", "Standing", "Sent", "Received", "Keys kept", "Steps"], rows)];
    });
  }

  #showDevices({ account, devices }: Look): void {
    show(byId("devices"), [devices, this.#accounts], () => {
      const ours = devices.filter(({ own }) => own);
      const others = devices.filter(({ own }) => !own);
      const listed = (list: InstallationInfo[]) =>
        table(["Device", "State", "Next message", "Last active"], list.map((device) =>
          h(
            "tr",
            {},
            cell("", device.own ? device.metadata.name || "of this identity" : h("span", { title: device.identity }, this.#named(device.identity)), small(device.installationId)),
            cell("", badge(device.state), small(device.suite ?? "prekey not known"), small(shut(device))),
            cell("next", next(device)),
            cell("active", time(device.lastActiveAt)),
          ),
        ));
      return [
        h("h3", {}, `Of ${account.account}`),
        listed(ours),
        h("h3", {}, "Of others"),
        others.length === 0 ? none("None is known.") : listed(others),
      ];
    });
  }

  async #showTopics(look: Look): Promise<void> {
    const { account, publicKey: identity } = look.account;
    const reader = this.#reader;
    const topics: [use: string, topic: TopicInfo][] = [
      ["contact codes of this identity", await reader.read("topic_contactCode", { identity })],
      ["written to before another is agreed upon, with every 5000th identity", await reader.read("topic_partitioned", { identity })],
      ["status-go alone: backups and the like", await reader.read("topic_personal", { identity })],
    ];
    for (const peer of look.peers) {
      topics.push([`shared with ${this.#named(peer)}`, await reader.read("topic_negotiated", { account, identity: peer })]);
    }
    if (this.#look !== look) return;
    // Names and keys of topics are secrets of those who share them: they are not shown.
    const shown = topics.map(([use, { contentTopic }]) => [contentTopic, use] as const);
    show(byId("topics"), shown, () => [
      table(["Content topic", "For"], shown.map(([topic, use]) => h("tr", {}, cell("", h("code", {}, topic)), cell("wide", use)))),
    ]);
  }

  async #follow(after: number): Promise<void> {
    const { signal } = this.#over;
    try {
      for await (const event of this.#reader.events(after, signal, () => {})) {
        this.#events.unshift(event);
        this.#events.length = Math.min(this.#events.length, EVENTS);
        this.#showEvents();
        if (!this.#accounts.some(({ account }) => account === event.account)) void this.#showAccounts().catch(() => {});
        this.#wake();
      }
    } catch (error) {
      if (!signal.aborted && error instanceof ConnectionError && !error.isTransient) leave(error.message);
    }
  }

  #showEvents(): void {
    const isOnly = byId<HTMLInputElement>("only").checked;
    const chosen = this.#look?.account.account;
    const events = this.#events.filter(({ account }) => !isOnly || account === null || account === chosen);
    const list = byId("events");
    const newest = Number(list.firstElementChild?.getAttribute("data-seq") ?? Infinity);
    show(list, events.map(({ seq }) => seq), () => {
      if (events.length === 0) return [h("li", { class: "quiet" }, "Nothing has happened yet. Events come up here as they are told.")];
      return events.map((event) =>
        h(
          "li",
          { "data-seq": String(event.seq), class: event.seq > newest ? "new" : "" },
          h("div", { class: "line" }, h("strong", {}, event.account ?? ""), h("time", { datetime: new Date(event.at).toISOString() }, `${new Date(event.at).toLocaleTimeString()} · ${event.seq}`)),
          h("div", {}, told(event)),
          h("div", { class: "quiet" }, h("code", {}, event.type), ` ${this.#aboutText(event)}`),
        ),
      );
    });
  }

  #aboutText(event: EventInfo): string {
    return about(event)
      .map(([name, value]) => `${name} ${value.startsWith("0x04") ? this.#named(value) : short(value, 20, 6)}`)
      .join(" · ");
  }

  #explain(event: Event): void {
    event.preventDefault();
    const look = this.#look;
    const answer = byId("answer");
    if (look === null) return;
    const known: Known = {
      account: look.account.account,
      identityOf: (installation) => look.devices.find(({ installationId }) => installationId === installation)?.identity,
      peers: look.peers,
    };
    const bytes = byId<HTMLTextAreaElement>("bytes").value;
    const sender = byId<HTMLInputElement>("sender").value.trim();
    const tell = async () => {
      try {
        const { verdict, tone, sentences, hint, facts } = await explained(this.#reader, known, pasted(bytes), sender);
        answer.dataset.tone = tone;
        answer.replaceChildren(
          h("strong", {}, `${verdict}.`),
          h("ul", {}, ...sentences.map((sentence) => h("li", {}, sentence))),
          ...(hint === "" ? [] : [h("p", {}, hint)]),
          h("dl", {}, ...facts.flatMap(([name, value]) => pair(name, short(value, 40, 8), value))),
        );
      } catch (error) {
        answer.dataset.tone = "bad";
        answer.replaceChildren(h("strong", {}, said(error)));
      }
    };
    void tell();
  }
}

const pair = (name: string, value: string, title = value) => [h("dt", {}, name), h("dd", { class: "mono", title }, value)];
const small = (text: string, title = text) => h("small", { title }, text);
const badge = (state: string) => h("span", { class: `badge ${state}` }, state.replaceAll("_", " "));
const none = (text: string) => h("p", { class: "quiet" }, text);

function cell(name: string, ...children: (Node | string)[]): HTMLTableCellElement {
  if (["drawing", "wide", "with"].includes(name)) return h("td", { class: name }, ...children);
  const isNumber = ["sent", "received", "keys kept"].includes(name);
  return h("td", { ...(name === "" ? {} : { "data-name": name }), class: isNumber ? "number" : "" }, ...children);
}

function table(heads: string[], rows: HTMLTableRowElement[]): HTMLTableElement {
  const isNumber = (head: string) => ["Sent", "Received", "Keys kept"].includes(head);
  const row = h("tr", {}, ...heads.map((head) => h("th", { scope: "col", class: isNumber(head) ? "number" : "" }, head)));
  return h("table", {}, h("thead", {}, row), h("tbody", {}, ...rows));
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function state(name: string, text: string): void {
  const element = byId("state");
  if (element.textContent === text) return;
  element.dataset.state = name;
  element.textContent = text;
}

let visit: Visit | null = null;

async function enter(token: string): Promise<void> {
  byId("refused").textContent = "";
  try {
    visit = new Visit(new Reader(http({ url: location.origin, token })));
    await visit.begin();
    sessionStorage.setItem(TOKEN, token);
    byId("door").hidden = true;
    byId("inside").hidden = byId("leave").hidden = false;
  } catch (error) {
    leave(said(error));
  }
}

/** Forgets the token, and says why. */
function leave(why: string): void {
  visit?.end();
  visit = null;
  sessionStorage.removeItem(TOKEN);
  byId("inside").hidden = byId("leave").hidden = true;
  byId("door").hidden = false;
  byId("refused").textContent = why;
  byId("daemon").textContent = byId("state").textContent = "";
  byId("token").focus();
}

/** The token of an address that ends with `#token=`, which is taken out of the history at once. */
function given(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (location.hash !== "") history.replaceState(null, "", location.pathname);
  return token ?? sessionStorage.getItem(TOKEN);
}

byId("leave").addEventListener("click", () => leave(""));
byId("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId<HTMLInputElement>("token");
  void enter(field.value);
  field.value = "";
});
const token = given();
if (token === null) leave("");
else void enter(token);
