/** The chat as it is seen. What it shows comes from the messenger; what is pressed goes there. */

import type { AccountInfo, Client, InstallationInfo } from "ratchetd";

import { copy, fill, find, onClick, onSubmit, paint } from "./dom.js";
import type { History, Said, State } from "./history.js";
import { type Chat, Messenger, type Status } from "./messenger.js";
import type { Relay } from "./relay.js";
import { scan } from "./scan.js";

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
/** How far a message has come, for eyes and for readers. */
const MARKS: Partial<Record<State, [string, string]>> = {
  sending: ["◌", "Waiting to be encrypted"], waiting: ["◌", "Waiting for a key of theirs"], posting: ["◌", "Waiting for the relay"], sent: ["✓", "Sent"], delivered: ["✓✓", "Delivered"],
  failed: ["!", "Not sent: it was refused"],
};
/** Messages of one person that follow each other this closely are shown as one block, in milliseconds. */
const TOGETHER = 5 * 60_000;

export class Screen {
  readonly messenger: Messenger;
  readonly #me: AccountInfo;
  /** The chat that is open. */
  #open: string | null = null;
  #chats: readonly Chat[] = [];
  /** One at a time, and the last one in the end. */
  readonly #showList = latest(() => this.#list());
  readonly #showLog = latest(() => this.#log());
  readonly #showDevices = latest(() => this.#devices());
  readonly #pictures = new Map<string, string>();
  #scanning = new AbortController();

  constructor(client: Client, account: AccountInfo, relay: Relay, history: History, failed: (error: unknown) => void) {
    this.#me = account;
    this.messenger = new Messenger(client, account, relay, history, {
      // While the daemon is away there is nothing new to show: it is shown when it is back.
      changed: () => {
        void this.#showList().catch(() => {});
        if (find<HTMLDialogElement>("#devices").open) void this.#showDevices().catch(() => {});
      },
      said: (chat) => void (chat === this.#open && this.#showLog()),
      status: (status) => this.#status(status),
      failed: (error) => {
        this.messenger.stop();
        failed(error);
      },
    });
  }

  async start(): Promise<void> {
    await this.messenger.start();
    find("#my-name").textContent = this.messenger.name;
    paint(find("#my-avatar"), this.#me.publicKey, this.messenger.name);
    this.#wire();
    await this.#showList();
  }

  /** Opens the dialog for contacts with a code that a link brought. Nothing is sent before the user says so. */
  add(code: string): void {
    find<HTMLTextAreaElement>("#request textarea").value = code;
    void this.#openAdd();
  }

  // The list of chats.

  async #list(): Promise<void> {
    this.#chats = (await this.messenger.chats()).filter(({ contact, last }) => contact.state !== "declined" || last?.chat === this.#open);
    fill(find("#list"), this.#chats, ({ identity }) => identity, ({ identity }) => {
      const item = copy("#list-item");
      find("button", item).addEventListener("click", () => void this.#choose(identity));
      return item;
    }, (item, chat) => {
      const name = nameOf(chat);
      find("button", item).setAttribute("aria-current", String(chat.identity === this.#open));
      paint(find(".avatar", item), chat.identity, name);
      find(".name", item).textContent = name;
      find(".last", item).textContent = chat.last ? summary(chat.last) : "";
      find("time", item).textContent = chat.last ? CLOCK.format(chat.last.at) : "";
      const isRequest = chat.contact.state === "request_received";
      find(".badge > span", item).textContent = isRequest ? "Request" : String(chat.unread || "");
      find(".unseen", item).hidden = isRequest;
    });
    find("#nobody").hidden = this.#chats.length > 0;
    document.title = this.#chats.some(({ unread }) => unread > 0) ? "● Palaver" : "Palaver";
    this.#head();
  }

  async #choose(identity: string | null): Promise<void> {
    this.#open = identity;
    find("#log").replaceChildren();
    for (const url of this.#pictures.values()) URL.revokeObjectURL(url);
    this.#pictures.clear();
    find("#chats").toggleAttribute("data-open", identity !== null);
    await Promise.allSettled([this.#showList(), this.#showLog()]);
    if (identity !== null && !find("#write").hidden) find("#write textarea").focus();
  }

  // The open chat.

  /** Who it is with, and what can be done. */
  #head(): void {
    const chat = this.#chats.find(({ identity }) => identity === this.#open);
    find("#no-chat").hidden = chat !== undefined;
    for (const selector of ["#chat > header", "#log"]) find(selector).hidden = chat === undefined;
    const isAsked = chat?.contact.state === "request_received";
    const mayWrite = chat?.contact.state === "accepted";
    find("#asked").hidden = !isAsked;
    find("#write").hidden = !mayWrite;
    if (chat === undefined) return;
    const { contact } = chat;
    find("#name").textContent = nameOf(chat);
    paint(find("#avatar"), chat.identity, nameOf(chat));
    find("#asked p").textContent = `${nameOf(chat)} would like to chat with you. They learn nothing before you accept.`;
    const standing = find("#standing");
    standing.dataset.verified = String(contact.verified);
    standing.textContent = contact.state === "request_sent" ? "Waiting to be accepted"
      : contact.state === "declined" ? "Declined"
      : contact.verified ? "Verified" : mayWrite ? "Encrypted, not verified yet" : "";
  }

  async #log(): Promise<void> {
    const open = this.#open;
    if (open === null) return;
    const said = await this.messenger.open(open);
    // Meanwhile another one may be open.
    if (open !== this.#open) return;
    const log = find("#log");
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    const lines = said.flatMap((one, index): Line[] => {
      const before = said[index - 1];
      const day = DAY.format(one.at);
      const isNewDay = before === undefined || DAY.format(before.at) !== day;
      const follows = !isNewDay && before.from === one.from && before.state !== "note" && one.at - before.at < TOGETHER;
      return [...(isNewDay ? [{ key: `day ${one.key}`, day }] : []), { key: one.key, said: one, follows }];
    });
    fill(log, lines, ({ key }) => key, (line) => this.#line(line), (element, line) => this.#update(element, line));
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  }

  #line(line: Line): HTMLElement {
    if ("day" in line) return Object.assign(document.createElement("div"), { className: "day", textContent: line.day });
    if (line.said.state === "note") {
      const textContent = `A message cannot be read: ${line.said.text}`;
      return Object.assign(document.createElement("div"), { className: "note", textContent });
    }
    const element = copy("#message");
    const isMine = line.said.from === this.#me.publicKey;
    element.classList.toggle("mine", isMine);
    find("p", element).textContent = line.said.text;
    find("time", element).textContent = CLOCK.format(line.said.at);
    return element;
  }

  #update(element: HTMLElement, line: Line): void {
    if ("day" in line || line.said.state === "note") return;
    const { said, follows } = line;
    element.classList.toggle("follows", follows);
    element.dataset.state = said.state;
    const [mark = "", meaning = ""] = MARKS[said.state] ?? [];
    const marks = find(".marks", element);
    marks.textContent = mark;
    marks.ariaLabel = meaning;
    marks.title = meaning;
    find(".shut", element).hidden = said.postQuantum !== true;
    if (said.picture && !this.#pictures.has(said.key)) void this.#picture(find<HTMLImageElement>("img", element), said);
  }

  async #picture(image: HTMLImageElement, said: Said): Promise<void> {
    this.#pictures.set(said.key, "");
    image.alt = said.picture?.name ?? "";
    image.hidden = false;
    try {
      const file = await this.messenger.picture(said);
      if (file === null) throw new Error("it is not there any more");
      const url = URL.createObjectURL(file);
      this.#pictures.set(said.key, url);
      const log = find("#log");
      const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
      image.src = url;
      await image.decode();
      if (isAtEnd) log.scrollTop = log.scrollHeight;
    } catch {
      image.alt = `The picture ${image.alt} cannot be shown.`;
      this.#pictures.delete(said.key);
    }
  }

  #status({ daemon, relay }: Status): void {
    const away = find("#away");
    away.hidden = daemon && relay;
    away.textContent = daemon ? "The relay does not answer. What you write is sent later."
      : "Your daemon does not answer. Start it if it has ended: what you write is sent when it is back.";
    if (daemon) void this.#showList().catch(() => {});
  }

  // Dialogs.

  async #openAdd(): Promise<void> {
    find<HTMLDialogElement>("#add").showModal();
    const introduction = find<HTMLInputElement>("#request input");
    introduction.value ||= `Hello, this is ${this.messenger.name}.`;
    find("#copied").textContent = "";
    const { qr } = await this.messenger.code();
    find<HTMLImageElement>("#qr").src = `data:image/svg+xml,${encodeURIComponent(qr)}`;
    await this.#whose();
  }

  /** Says whose code it is that was scanned or pasted; whether it is one. */
  async #whose(): Promise<boolean> {
    const code = toCode(find<HTMLTextAreaElement>("#request textarea").value);
    const whose = find("#whose");
    whose.textContent = "";
    if (code === "") return false;
    try {
      const identity = await this.messenger.lookUp(code);
      whose.textContent = `A valid code of ${shortened((await this.messenger.contact(identity)).compressedKey)}.`;
      return true;
    } catch {
      whose.textContent = "This is no contact code of somebody else.";
      return false;
    }
  }

  async #scan(): Promise<void> {
    this.#scanning.abort();
    const { signal } = (this.#scanning = new AbortController());
    const camera = find("#camera");
    const area = find<HTMLTextAreaElement>("#request textarea");
    camera.hidden = false;
    try {
      await scan(find<HTMLVideoElement>("video", camera), signal, async (code) => {
        area.value = code;
        return this.#whose();
      });
    } finally {
      camera.hidden = true;
    }
  }

  async #safety(): Promise<void> {
    const chat = this.#chats.find(({ identity }) => identity === this.#open);
    if (chat === undefined) return;
    const { safetyNumber, verified, forwardSecrecy } = await this.messenger.contact(chat.identity);
    find("#safety-name").textContent = nameOf(chat);
    const groups = safetyNumber.replace(/\D/g, "").match(/\d{5}/g) ?? [];
    find("#number").replaceChildren(...groups.map((group) => Object.assign(document.createElement("span"), { textContent: group })));
    find("#session").textContent = forwardSecrecy ? "What you write now has forward secrecy." : "There is forward secrecy once they have answered.";
    find("#verify").textContent = verified ? "Mark as not verified" : "They are equal";
    const dialog = find<HTMLDialogElement>("#safety");
    if (!dialog.open) dialog.showModal();
  }

  async #devices(): Promise<void> {
    const devices = await this.messenger.devices();
    const self = devices.find(({ self }) => self);
    const name = find<HTMLInputElement>("#device-name input");
    if (document.activeElement !== name) name.value = self?.metadata.name ?? "";
    fill(find("#device-list"), devices, ({ installationId }) => installationId, ({ installationId }) => {
      const item = copy("#device");
      const button = find<HTMLButtonElement>("button", item);
      onClick(button, find("#devices .error"), async () => {
        await this.messenger.enable(installationId, button.textContent === "Enable");
        await this.#showDevices();
      });
      return item;
    }, (item, device) => {
      find("b", item).textContent = device.metadata.name || `Device ${device.installationId.slice(0, 11)}…`;
      find(".help", item).textContent = stateOf(device);
      const button = find("button", item);
      button.hidden = device.self;
      button.textContent = device.enabled ? "Disable" : "Enable";
    });
  }

  #wire(): void {
    const addError = find("#add .error");
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-opens]")) {
      onClick(button, addError, async () => {
        if (button.dataset.opens === "add") return this.#openAdd();
        // From now on what changes is shown.
        find<HTMLDialogElement>("#devices").showModal();
        await this.#showDevices();
      });
    }
    find("#add").addEventListener("close", () => this.#scanning.abort());
    find("#back").addEventListener("click", () => void this.#choose(null));

    const copied = find("#copied");
    const copies = (button: string, text: (code: string) => string) =>
      onClick(find<HTMLButtonElement>(button), addError, async () => {
        await navigator.clipboard.writeText(text((await this.messenger.code()).contactCode));
        copied.textContent = "Copied.";
      });
    copies("#copy-code", (code) => code);
    copies("#copy-link", toLink);
    onClick(find<HTMLButtonElement>("#scan"), addError, () => this.#scan());
    find("#request textarea").addEventListener("input", () => void this.#whose());
    onSubmit(find<HTMLFormElement>("#request"), addError, async (form, { code = "", introduction = "" }) => {
      const identity = await this.messenger.request(toCode(code), introduction);
      form.reset();
      find<HTMLDialogElement>("#add").close();
      await this.#choose(identity);
    });

    const chatError = find("#chat > .error");
    onClick(find<HTMLButtonElement>("#check"), chatError, () => this.#safety());
    onClick(find<HTMLButtonElement>("#accept"), chatError, async () => {
      if (this.#open !== null) await this.messenger.accept(this.#open);
    });
    onClick(find<HTMLButtonElement>("#decline"), chatError, async () => {
      if (this.#open !== null) await this.messenger.decline(this.#open);
      await this.#choose(null);
    });
    onClick(find<HTMLButtonElement>("#verify"), find("#session"), async () => {
      if (this.#open === null) return;
      await this.messenger.verify(this.#open, !(await this.messenger.contact(this.#open)).verified);
      find<HTMLDialogElement>("#safety").close();
    });

    const write = find<HTMLFormElement>("#write");
    const text = find<HTMLTextAreaElement>("textarea", write);
    onSubmit(write, chatError, async () => {
      if (this.#open === null || text.value.trim() === "") return;
      const said = text.value.trim();
      text.value = "";
      await this.messenger.say(this.#open, said);
      find("#log").scrollTop = find("#log").scrollHeight;
    });
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      write.requestSubmit();
    });
    const picture = find<HTMLInputElement>("#picture");
    find("#attach").addEventListener("click", () => picture.click());
    picture.addEventListener("change", () => {
      const [file] = picture.files ?? [];
      if (this.#open !== null && file) this.messenger.say(this.#open, "", file).catch((error: Error) => (chatError.textContent = error.message));
      picture.value = "";
    });

    const deviceError = find("#devices .error");
    onSubmit(find<HTMLFormElement>("#device-name"), deviceError, async (_, { name = "" }) => {
      await this.messenger.nameDevice(this.#me.installationId, name);
      await this.#showDevices();
    });
    onClick(find<HTMLButtonElement>("#announce"), deviceError, () => this.messenger.announce());
  }
}

type Line = { key: string } & ({ day: string } | { said: Said; follows: boolean });

function nameOf({ name, contact }: Chat): string {
  return name || shortened(contact.compressedKey);
}

function shortened(key: string): string {
  return `${key.slice(0, 9)}…${key.slice(-4)}`;
}

function summary({ text, picture, state }: Said): string {
  if (state === "note") return "A message cannot be read";
  return text || (picture ? "Picture" : "");
}

function stateOf({ self, state, lastActiveAt }: InstallationInfo): string {
  if (self) return "This device";
  const seen = `last active ${CLOCK.format(lastActiveAt)}`;
  const states: Record<InstallationInfo["state"], string> = {
    active: `Enabled, ${seen}`,
    pending: `Waiting to be enabled, ${seen}`,
    disabled: "Disabled",
    stale: "Not heard of for a week",
    over_limit: "Not written to: others were active more recently",
  };
  return states[state];
}

/** The code of a link, or what is no link as it is. */
function toCode(said: string): string {
  const [, code] = /#(?:.*&)?add=([^&]*)/.exec(said) ?? [];
  return code === undefined ? said.trim() : decodeURIComponent(code);
}

function toLink(code: string): string {
  return `${location.origin}${location.pathname}#add=${encodeURIComponent(code)}`;
}

/** Does the work, and once more if it was asked for meanwhile. */
function latest(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let isStale = false;
  const run = async (): Promise<void> => {
    do {
      isStale = false;
      await work();
    } while (isStale);
  };
  return () => {
    isStale = true;
    running ??= run().finally(() => (running = null));
    return running;
  };
}
