/** Begins: finds the daemon and an account of it, and starts the chat. */

import { type AccountInfo, Client, webSocket } from "ratchetd";

import { copy, fill, find, onClick, onSubmit, reason } from "./dom.js";
import { History } from "./history.js";
import { HttpRelay } from "./relay.js";
import { Screen } from "./screen.js";

/** Of the tab, and gone with it: the token is as good as everything the daemon has. */
const kept = sessionStorage;
const start = find("#start");
const failed = find(".error", start);
const connecting = find<HTMLFormElement>("#connect");

let screen: Screen | undefined;

/**
 * A link may bring the daemon, the token, the relay, or somebody's contact code. They do not stay in the address, which browsers
 * remember and people copy.
 */
function takeLink(): void {
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
    if (["daemon", "token", "relay", "add"].includes(name)) kept.setItem(name, value);
  }
  window.history.replaceState(null, "", location.pathname);
  const code = kept.getItem("add");
  if (code === null || screen === undefined) return;
  kept.removeItem("add");
  screen.add(code);
}
takeLink();
addEventListener("hashchange", takeLink);

for (const name of ["daemon", "token", "relay"]) {
  const input = connecting.elements.namedItem(name) as HTMLInputElement;
  input.value = kept.getItem(name) ?? (name === "relay" ? `http://127.0.0.1:8646` : input.value);
}
onSubmit(connecting, failed, async (_, { daemon = "", token = "", relay = "" }) => {
  // After a chat that failed everything begins anew.
  if (screen !== undefined) return begin({ daemon, token, relay });
  const client = new Client(webSocket({ url: daemon, token }));
  const accounts = await client.call("account_list");
  for (const [name, value] of Object.entries({ daemon, token, relay })) kept.setItem(name, value);
  const before = accounts.find(({ account }) => account === kept.getItem("account"));
  if (before) await enter(client, before);
  else choose(client, accounts);
});
if (kept.getItem("token")) connecting.requestSubmit();
start.hidden = false;

function begin(connection: Record<string, string>): void {
  for (const [name, value] of Object.entries(connection)) kept.setItem(name, value);
  location.reload();
}

/** Has an account chosen or made. */
function choose(client: Client, accounts: readonly AccountInfo[]): void {
  connecting.hidden = true;
  find("#accounts").hidden = false;
  fill(find("#accounts .choices"), accounts, ({ account }) => account, () => copy("#choice"), (item, account) => {
    const button = find<HTMLButtonElement>("button", item);
    button.textContent = account.account;
    onClick(button, failed, () => enter(client, account));
  });
  onSubmit(find<HTMLFormElement>("#create"), failed, async (_, { name = "", mnemonic = "" }) => {
    const account = accountName(name, accounts.map(({ account }) => account));
    if (mnemonic.trim() !== "") return enter(client, await client.call("account_recover", { account, mnemonic }), name, true);
    const made = await client.call("account_create", { account });
    await show(made.mnemonic);
    await enter(client, made, name);
  });
}

/** The daemon's name for an account: letters, digits and hyphens, and not taken. */
function accountName(name: string, taken: readonly string[]): string {
  const plain = name.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 56) || "me";
  for (let number = 1; ; number++) {
    const account = number === 1 ? plain : `${plain}-${number}`;
    if (!taken.includes(account)) return account;
  }
}

/** Shows the recovery phrase, until it is written down. */
async function show(mnemonic: string): Promise<void> {
  const dialog = find<HTMLDialogElement>("#phrase");
  const words = mnemonic.split(" ").map((word) => Object.assign(document.createElement("li"), { textContent: word }));
  find("#words").replaceChildren(...words);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  find("#words").replaceChildren();
}

/** Starts the chat of an account. */
async function enter(client: Client, account: AccountInfo, name?: string, isRecovered = false): Promise<void> {
  kept.setItem("account", account.account);
  await alone(account.publicKey, () => {
    failed.textContent = "This account is open in another tab. Close it there: one page at a time reads its mail.";
  });
  failed.textContent = "";
  const history = await History.open(account.publicKey);
  if (name !== undefined) await history.setNote("name", name.trim());
  const chat = new Screen(client, account, new HttpRelay(kept.getItem("relay") ?? ""), history, (error) => {
    find("#chats").hidden = true;
    start.hidden = connecting.hidden = false;
    find("#accounts").hidden = true;
    failed.textContent = reason(error);
  });
  await chat.start();
  if (isRecovered) await chat.messenger.announce();
  start.hidden = true;
  find("#chats").hidden = false;
  screen = chat;
  takeLink();
}

/** Waits until no other tab has this account open, which is then ours until the page is gone. */
async function alone(identity: string, isTaken: () => void): Promise<void> {
  const take = (options: LockOptions) =>
    new Promise<boolean>((resolve) => {
      void navigator.locks.request(`palaver ${identity}`, options, async (lock) => {
        resolve(lock !== null);
        if (lock !== null) await new Promise(() => {});
      });
    });
  if (await take({ ifAvailable: true })) return;
  isTaken();
  await take({});
}

// The phrase is shown this once.
find("#phrase").addEventListener("cancel", (event) => event.preventDefault());
for (const dialog of document.querySelectorAll("dialog")) {
  for (const button of dialog.querySelectorAll("[data-closes]")) button.addEventListener("click", () => dialog.close());
}
