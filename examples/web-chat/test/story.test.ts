/** Two people and their browsers, each with a daemon of their own, from the first contact on. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { payload, unixSocket } from "../../../clients/typescript/src/node.js";
import { Person as Other } from "../../../clients/typescript/examples/chat.js";
import { type Relay, type Seen, startRelay } from "../../../clients/typescript/examples/relay.js";
import { Daemon, POST_QUANTUM_ONLY } from "../../../clients/typescript/test/support.js";
import { servePage } from "../server.js";
import { Chromium, type Page } from "./chromium.js";

/** Where pictures of the page go, if they are asked for. */
const SCREENSHOTS = process.env.SCREENSHOTS;

const scratch = mkdtempSync(join(tmpdir(), "ratchetd-web-chat-"));
const browsers: Chromium[] = [];
after(async () => {
  await Promise.all(browsers.map((browser) => browser.kill()));
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/** A person with a daemon, and a browser that keeps its profile when it is started again. */
class Person {
  page!: Page;
  browser!: Chromium;

  constructor(
    readonly name: string,
    readonly daemon: Daemon,
    readonly origin: string,
    readonly relay: () => string,
  ) {}

  get camera(): string {
    return join(scratch, `${this.name}.y4m`);
  }

  async start(): Promise<void> {
    const camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${this.camera}`];
    this.browser = Chromium.start(join(scratch, this.name), ...camera);
    browsers.push(this.browser);
    const { url, token } = this.daemon;
    const secrets = new URLSearchParams({ daemon: url.replace("http", "ws"), token, relay: this.relay() });
    this.page = await this.browser.open(`${this.origin}/#${secrets}`);
  }

  /** Makes an account; its recovery phrase. */
  async join(): Promise<string> {
    await this.page.fill("Your name", this.name);
    await this.picture(`${this.name}-start.png`);
    await this.page.press("Start");
    await this.page.until(`visible("#words li").length === 12`);
    await this.picture(`${this.name}-phrase.png`);
    const phrase = await this.page.get<string>(`[...document.querySelectorAll("#words li")].map((one) => one.textContent).join(" ")`);
    await this.page.press("I have written them down");
    await this.page.sees("aside", this.name);
    return phrase;
  }

  async open(name: string): Promise<void> {
    await this.page.sees("#list", name);
    await this.page.get(`visible("#list .item").find((item) => item.innerText.includes(${JSON.stringify(name)})).click()`);
  }

  async say(text: string): Promise<void> {
    await this.page.fill("Message", text);
    await this.page.press("Send");
    await this.page.sees(".mine p", text);
  }

  /** Waits until a message of one's own has come so far. */
  is(text: string, mark: string): Promise<void> {
    return this.page.until(`visible(".mine").some((one) => one.innerText.includes(${JSON.stringify(text)})
      && one.querySelector(".marks").ariaLabel === ${JSON.stringify(mark)})`);
  }

  reads(text: string): Promise<void> {
    return this.page.sees(".message:not(.mine) p", text);
  }

  texts(): Promise<string[]> {
    return this.page.get(`[...document.querySelectorAll("#log .message:not([data-state=failed]) p")].map((one) => one.textContent).filter(Boolean)`);
  }

  async picture(name: string): Promise<void> {
    if (SCREENSHOTS) writeFileSync(join(SCREENSHOTS, name), await this.page.screenshot());
  }
}

/** A picture to send, painted in a page: evening, water, and a boat. */
function painted(page: Page): Promise<string> {
  return page.get<string>(`(async () => {
    const canvas = new OffscreenCanvas(960, 560);
    const paint = canvas.getContext("2d");
    const fill = (style, draw) => { paint.fillStyle = style; paint.beginPath(); draw(); paint.fill(); };
    const sky = paint.createLinearGradient(0, 0, 0, 560);
    for (const [at, colour] of [[0, "#27366f"], [.45, "#c8618c"], [.62, "#ffb36b"], [.63, "#3d5a8c"], [1, "#16233f"]]) sky.addColorStop(at, colour);
    fill(sky, () => paint.rect(0, 0, 960, 560));
    fill("#ffe6b0", () => paint.arc(640, 330, 58, Math.PI, 2 * Math.PI));
    fill("#2c3b63", () => { paint.moveTo(0, 350); paint.lineTo(210, 262); paint.lineTo(430, 350); paint.lineTo(330, 350); });
    for (let wave = 0; wave < 9; wave++) fill("#ffcf9055", () => paint.rect(590 - wave * 9, 372 + wave * 17, 100 + wave * 18, 3));
    fill("#10182c", () => { paint.moveTo(250, 440); paint.quadraticCurveTo(380, 492, 520, 440); paint.closePath(); });
    fill("#f6f0e4", () => { paint.moveTo(378, 430); paint.lineTo(378, 250); paint.lineTo(480, 430); paint.closePath(); });
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  })()`);
}

/** What a camera sees that is held before the QR code on this page: one picture, as Y4M. */
async function photographed(page: Page): Promise<Buffer> {
  const [width, height, side] = [640, 480, 440];
  const grey = await page.get<string>(`(async () => {
    const image = document.querySelector("#qr");
    await image.decode();
    const context = new OffscreenCanvas(${width}, ${height}).getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, ${width}, ${height});
    context.drawImage(image, ${(width - side) / 2}, ${(height - side) / 2}, ${side}, ${side});
    const { data } = context.getImageData(0, 0, ${width}, ${height});
    let grey = "";
    for (let at = 0; at < data.length; at += 4) grey += String.fromCharCode(data[at]);
    return btoa(grey);
  })()`);
  const header = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\nFRAME\n`);
  return Buffer.concat([header, Buffer.from(grey, "base64"), Buffer.alloc((width * height) / 2, 128)]);
}

/** Somebody who uses a program of their own, and another frontend than this. */
async function withoutPage(name: string, relay: string) {
  const daemon = await Daemon.start();
  const person = new Other(name.toLowerCase(), unixSocket(daemon.socket), relay, () => {});
  await person.arrive();
  const step = async (method: "contact_request" | "contact_accept", identity: string, text: string): Promise<void> => {
    const said = payload({ id: crypto.randomUUID(), text, extra: { name } });
    const { envelopes } = await daemon.client().call(method, { identity, text: said, seal: true });
    for (const envelope of envelopes) await person.deliver(envelope);
  };
  return { person, step };
}

async function contactCode(daemon: Daemon): Promise<string> {
  return (await daemon.client().call("bundle_get")).contactCode;
}

test("two people meet by QR code, chat, and lose nothing, whatever is away for a while", async () => {
  const site = await servePage(0);
  after(() => site.stop());
  const seen: Seen[] = [];
  let relay: Relay = await startRelay({ watch: (request) => seen.push(request) });
  after(() => relay.stop());
  const config = `[rpc]\nallowed_origins = [${JSON.stringify(site.origin)}]\n`;
  const [alice, bob] = [
    new Person("Alice", await Daemon.start(config), site.origin, () => relay.url),
    new Person("Bob", await Daemon.start(config), site.origin, () => relay.url),
  ];

  // Each makes an account. The token does not stay in the address.
  await alice.start();
  const phrase = await alice.join();
  assert.equal(await alice.page.get("location.href"), `${site.origin}/`);

  // Bob's camera sees what Alice's page shows.
  await alice.page.press("Add a contact");
  await alice.page.until(`document.querySelector("#qr").naturalWidth > 0`);
  writeFileSync(bob.camera, await photographed(alice.page));
  await bob.start();
  await bob.join();
  await bob.page.press("Add a contact");
  await bob.page.press("Scan with the camera");
  await bob.page.sees("#whose", "A valid code of zQ3sh");
  await bob.picture("add.png");
  await bob.page.fill("Introduction", "Hi Alice, it is Bob from the rowing club.");
  await bob.page.press("Send request");
  await bob.page.sees("#standing", "Waiting to be accepted");

  // Alice is asked, and Bob learns nothing before she accepts.
  await alice.page.press("Close");
  await alice.page.sees("#list .badge", "Request");
  await alice.open("Bob");
  await alice.reads("it is Bob from the rowing club");
  await alice.page.until(`visible("#write").length === 0`);
  await bob.is("rowing club", "Sent");
  await alice.page.press("Accept");
  await bob.page.sees("#standing", "Encrypted, not verified yet");
  await bob.page.sees("#name", "Alice");
  await bob.is("rowing club", "Delivered");

  // Both ways, with marks. What looks like markup is text.
  const markup = `<img src=x onerror="document.title='owned'"> is how it must look`;
  await alice.say("There you are! Did the boat survive the weekend?");
  await bob.reads("Did the boat survive");
  await alice.is("Did the boat survive", "Delivered");
  await bob.say(markup);
  await alice.reads(markup);
  await bob.is("is how it must look", "Delivered");
  // The request went by a short code, and what follows is post-quantum, at both ends.
  for (const { page } of [alice, bob]) {
    const shut = `[...document.querySelectorAll("#log .message")].map((one) => visible(".shut").some((sign) => one.contains(sign))).join()`;
    assert.equal(await page.get(shut), "false,true,true");
  }

  // The safety numbers are equal.
  const numbers = [];
  for (const { page } of [alice, bob]) {
    await page.press("Safety number");
    await page.until(`visible("#number span").length === 12`);
    if (page === alice.page) await alice.picture("safety.png");
    numbers.push(await page.get(`document.querySelector("#number").textContent`));
    await page.press("They are equal");
    await page.sees("#standing", "Verified");
  }
  assert.match(String(numbers[0]), /^\d{60}$/);
  assert.equal(numbers[0], numbers[1]);

  // A page that is loaded again shows what was said.
  const before = await alice.texts();
  assert.equal(before.length, 3);
  await alice.page.reload();
  await alice.open("Bob");
  await alice.reads("is how it must look");
  assert.deepEqual(await alice.texts(), before);

  // What comes while it is closed is there when it is opened.
  await alice.page.go("about:blank");
  await bob.say("Are you still there?");
  await bob.is("Are you still there?", "Sent");
  await alice.page.go(`${site.origin}/`);
  await alice.page.sees("#list .badge", "1");
  await alice.open("Bob");
  await alice.reads("Are you still there?");
  await bob.is("Are you still there?", "Delivered");

  // Her daemon is killed in the middle of it, and comes back.
  await alice.daemon.kill();
  await alice.say("I am. Is my daemon?");
  await alice.page.sees("#away", "Your daemon does not answer");
  await alice.is("I am. Is my daemon?", "Waiting to be encrypted");
  await alice.daemon.restart();
  await alice.page.until(`visible("#away").length === 0`);
  await bob.reads("I am. Is my daemon?");
  await alice.is("I am. Is my daemon?", "Delivered");

  // The relay ends, too, and forgets all it had; and so does Bob's browser, while it has something to post. Alice writes
  // meanwhile. Somebody leaves rubbish at the new relay, and more than the daemon takes.
  const { port } = new URL(relay.url);
  const theirs = [...seen].reverse().find(({ method }) => method === "POST")?.url ?? "";
  await relay.stop();
  relay = await startRelay({ port: Number(port), passOn: () => Promise.reject(new RangeError("too large")) });
  await bob.say("This is refused, and keeps nothing back.");
  await bob.is("This is refused", "Not sent: it was refused");
  await relay.stop();
  await bob.say("It is! When is training tomorrow?");
  await bob.page.sees("#away", "The relay does not answer");
  await bob.is("When is training", "Waiting for the relay");
  await bob.browser.kill();
  await alice.page.sees("#away", "The relay does not answer");
  relay = await startRelay({ port: Number(port), watch: (request) => seen.push(request) });
  const topics = new Set(seen.map(({ url }) => url.split("?")[0] ?? "").filter((path) => path.startsWith("/waku/")));
  for (const topic of topics) await fetch(relay.url + topic, { method: "POST", body: "rubbish" });
  relay.keep(theirs, new Uint8Array(6 * 1024 * 1024));
  await alice.page.until(`visible("#away").length === 0`);
  await alice.say("Carol says the water is still cold.");
  await alice.is("still cold", "Sent");

  // He comes back: what he wrote is posted, and late mail is there.
  await bob.start();
  await bob.page.press("bob");
  await bob.page.sees("#list .badge", "1");
  await bob.open("Alice");
  await bob.reads("still cold");
  await alice.is("still cold", "Delivered");
  await alice.reads("When is training");
  await bob.is("When is training", "Delivered");
  await bob.say("At seven then, as long as it looks like this:");

  // A picture, which the relay cannot see.
  const picture = Buffer.from(await painted(bob.page), "base64");
  writeFileSync(join(scratch, "boat.png"), picture);
  await bob.page.give("#picture", join(scratch, "boat.png"));
  await alice.page.until(`visible("#log img").some((one) => one.naturalWidth === 960)`);
  await bob.page.until(`[...document.querySelectorAll(".mine:not([data-state=failed]) .marks")].every((one) => one.ariaLabel === "Delivered")`);

  await alice.say("What an evening! I will bring the oars.");
  await alice.is("I will bring the oars", "Delivered");
  assert.deepEqual((await bob.texts()).sort(), (await alice.texts()).sort());

  // She opens Carol's link: nothing is sent before she says so. Carol, who has no page, accepts and writes.
  const carol = await withoutPage("Carol", relay.url);
  await alice.page.get(`location.hash = ${JSON.stringify(`add=${encodeURIComponent(await carol.person.contactCode())}`)}`);
  await alice.page.sees("#whose", "A valid code of zQ3sh");
  await alice.page.press("Send request");
  await alice.is("Hello, this is Alice.", "Sent");
  await carol.person.look();
  const [{ from, text } = { from: "", text: "" }] = carol.person.inbox.values();
  assert.equal(text, "Hello, this is Alice.");
  await carol.step("contact_accept", from, "");
  await alice.page.sees("#standing", "Encrypted, not verified yet");
  await alice.open("Bob");
  await carol.step("contact_accept", from, "The regatta has been moved to Sunday!");
  await alice.page.sees("#list .badge", "1");

  // Mallory asks, and is declined. What she says after that is not shown, and she is told nothing.
  const mallory = await withoutPage("Mallory", relay.url);
  await mallory.person.meet(await contactCode(alice.daemon));
  await mallory.step("contact_request", from, "You have won a boat!!");
  await alice.page.sees("#list .badge", "Request");
  await alice.picture("chat.png");
  await bob.page.size(390, 780);
  await bob.page.dark(true);
  await bob.picture("phone.png");
  await alice.open("Mallory");
  await alice.page.press("Decline");
  await alice.page.until(`!document.querySelector("#list").innerText.includes("Mallory")`);
  await mallory.step("contact_request", from, "Do you not want it?");
  await alice.open("Bob");

  // Alice has a telephone, too: the same identity, with a daemon of its own. Each device enables the other.
  const phone = new Person("Alice’s phone", await Daemon.start(config), site.origin, () => relay.url);
  await phone.start();
  await phone.page.press("I have a recovery phrase");
  await phone.page.fill("Recovery phrase", phrase);
  await phone.page.fill("Your name", "Alice");
  await phone.page.press("Start");
  await alice.page.press("Your devices");
  await alice.page.sees("#device-list", "Waiting to be enabled");
  await alice.picture("devices.png");
  await alice.page.press("Enable");
  await alice.page.sees("#device-list", "Enabled");
  await phone.page.press("Your devices");
  await phone.page.sees("#device-list", "Waiting to be enabled");
  await phone.page.press("Enable");
  await phone.page.sees("#device-list", "Enabled");
  for (const { page } of [alice, phone]) await page.press("Close");
  await phone.open("Bob");
  await phone.page.sees("#standing", "Encrypted");
  await phone.say("I am writing this on my phone.");
  await bob.reads("on my phone");
  await alice.page.sees(".mine p", "on my phone");
  await bob.say("And it says that it is from you.");
  await phone.reads("that it is from you");
  await alice.reads("that it is from you");

  assert.ok(!(await alice.page.get<string>("document.body.innerText")).includes("Mallory"));
  await mallory.person.look();
  assert.equal(mallory.person.inbox.size, 0);

  // The relay was shown no word of it. No page complained, and none did what a message said.
  const shown = seen.map(({ url, headers, body }) => `${url} ${headers.join(" ")} ${body.toString("latin1")}`).join("\n");
  for (const word of ["Alice", "rowing club", "weekend", "training", alice.daemon.token, bob.daemon.token]) assert.ok(!shown.includes(word), word);
  assert.ok(!seen.some(({ body }) => body.includes(picture.subarray(0, 64))), "the picture");
  for (const { page } of [alice, bob, phone]) assert.doesNotMatch(await page.get("document.title"), /owned/);
  const complaints = browsers.flatMap((browser) => browser.complaints).filter((complaint) => !/"source":"network"/.test(complaint));
  assert.deepEqual(complaints, []);
});

test("what may go post-quantum alone waits for a KEM prekey, and goes when that has come", async () => {
  const site = await servePage(0);
  after(() => site.stop());
  const relay = await startRelay();
  after(() => relay.stop());
  const config = `${POST_QUANTUM_ONLY}[rpc]\nallowed_origins = [${JSON.stringify(site.origin)}]\n`;
  const dora = new Person("Dora", await Daemon.start(config), site.origin, () => relay.url);
  await dora.start();
  await dora.join();
  const carol = await withoutPage("Carol", relay.url);
  await dora.page.press("Add a contact");
  await dora.page.fill("Contact code", await carol.person.contactCode());
  await dora.page.sees("#whose", "A valid code");
  await dora.page.press("Send request");
  await dora.is("Hello, this is Dora.", "Waiting for a key of theirs");
  // It waits through a reload, too.
  await dora.page.reload();
  await dora.page.sees("#list", "Hello, this is Dora.");
  assert.equal(carol.person.inbox.size, 0);
  await carol.person.hear("Hello, this is Dora.");
  const [{ from, read } = assert.fail()] = carol.person.inbox.values();
  assert.deepEqual([read.contact, read.postQuantum], ["request", true]);
  await carol.step("contact_accept", from, "At last!");
  await dora.open("Carol");
  await dora.reads("At last!");
  await dora.is("Hello, this is Dora.", "Sent");
  await dora.page.until(`visible(".shut").length === 2`);
});

test("`npm start` serves the page with its policy, nothing else of the directory, and a relay", async () => {
  const { scripts } = JSON.parse(readFileSync(new URL("../../../../package.json", import.meta.url), "utf8"));
  const program = "build/examples/web-chat/server.js";
  assert.ok(scripts.start.endsWith(`&& node ${program}`), scripts.start);
  const path = fileURLToPath(new URL(`../../../../${program}`, import.meta.url));
  const started = spawn(process.execPath, [path, "0", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  after(() => started.kill());
  const lines = createInterface({ input: started.stdout })[Symbol.asyncIterator]();
  const { value: first = "" } = await lines.next();
  const [, origin, relay] = /^the page is at (http:.*)\/#relay=(.*)$/.exec(first) ?? assert.fail(first);
  const { value: second = "" } = await lines.next();
  assert.ok(second.endsWith(`ratchetd serve --http 127.0.0.1:8645 --allow-origin ${origin}`), second);
  const page = await fetch(`${origin}/`);
  assert.equal(page.headers.get("content-security-policy"), "frame-ancestors 'none'");
  const [, policy = ""] = /http-equiv="content-security-policy" content="([^"]*)"/.exec(await page.text()) ?? [];
  assert.doesNotMatch(policy, /unsafe|https?:[;\s]|\/\/\*/);
  for (const part of ["default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'"]) assert.ok(policy.includes(part), part);
  for (const path of ["/package.json", "/../web-chat/package.json", "/build/page.js/", "//", "/__proto__"]) {
    assert.equal((await fetch(origin + path)).status, 404, path);
  }
  assert.equal((await fetch(`${relay}/arrivals?after=x`)).status, 400);
});
