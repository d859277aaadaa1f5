import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, type ListenedTopic, Topics } from "../src/node.js";

/** A topic that is shared with somebody, or of the account alone. */
function topic(peer: string | null, contentTopic: string): ListenedTopic {
  const own = { kind: "partitioned", peer, topic: "0x", contentTopic } as const;
  return peer === null ? own : { ...own, kind: "negotiated", symKey: `key of ${peer}` };
}

/** A daemon of which the tests say what it lists, in parts of two, and what happens. */
class Listed {
  topics: ListenedTopic[] = [];
  events: { seq: number; type: string; data: object }[] = [];
  lagged = false;
  readonly calls: string[] = [];

  happens(type: string, data: object = {}): void {
    this.events.push({ seq: this.events.length + 1, type, data });
  }

  changes(peer: string, listen: boolean): void {
    this.topics = this.topics.filter((topic) => topic.peer !== peer);
    if (listen) this.topics.push(topic(peer, `/${peer}`));
    this.happens("topic.changed", { kind: "negotiated", peer, listen });
  }

  answer(method: string, params: Record<string, unknown>): unknown {
    this.calls.push(method);
    const after = Number(params["after"] ?? 0);
    switch (method) {
      case "system_status":
        return { newestEvent: this.events.length };
      case "topic_list": {
        const from = 1 + this.topics.findIndex(({ peer }) => peer === (params["afterPeer"] ?? ""));
        const next = this.topics.length > from + 2 ? this.topics[from + 1]!.peer : null;
        return { topics: this.topics.slice(from, from + 2), next };
      }
      case "event_list": {
        const { lagged } = this;
        this.lagged = false;
        const events = this.events.slice(after, after + Number(params["limit"]));
        return { events, next: after + events.length, lagged };
      }
      case "topic_negotiated":
        return { ...topic(String(params["identity"]), `/${params["identity"]}`), name: "" };
      default:
        return assert.fail(method);
    }
  }

  client(): Client {
    return new Client({
      exchange: async (message) => {
        const { id, method, params } = message as { id: number; method: string; params: Record<string, unknown> };
        return { id, result: this.answer(method, params) };
      },
      // What happens after this connection is over is for the next one.
      follow: async function* (this: Listed, { after }: { after: number }) {
        for (const event of this.events.slice(after)) yield { event } as never;
      }.bind(this),
      close: () => {},
    });
  }
}

test("topics are listed in parts, and then followed by what changes", async () => {
  const daemon = new Listed();
  daemon.topics = [topic(null, "/bob"), topic("bob", "/bob"), topic("carol", "/c"), topic("dave", "/d")];
  daemon.happens("installation.discovered");
  const told: string[] = [];
  const changed = (contentTopic: string, isListened: boolean) => void told.push(`${isListened ? "+" : "-"}${contentTopic}`);
  const topics = new Topics(daemon.client(), { changed });
  await topics.update();
  assert.deepEqual(told.splice(0), ["+/bob", "+/c", "+/d"], "each once");
  assert.deepEqual(topics.contentTopics, ["/bob", "/c", "/d"]);
  assert.deepEqual(topics.keys("/bob"), [undefined, "key of bob"]);
  assert.deepEqual(topics.keys("/none"), []);

  await topics.update();
  assert.deepEqual(told, []);
  assert.equal(daemon.calls.filter((method) => method === "topic_list").length, 2, "in two parts, once");
  daemon.changes("erin", true);
  daemon.changes("bob", false);
  // Two at once tell each change once. Another topic goes by the same one as Bob's.
  await Promise.all([topics.update(), topics.update()]);
  assert.deepEqual(told.splice(0), ["+/erin"]);
  assert.deepEqual([topics.keys("/bob"), topics.keys("/erin")], [[undefined], ["key of erin"]]);

  // Where events are missing, the list says what they would have.
  daemon.changes("erin", false);
  daemon.changes("frank", true);
  daemon.lagged = true;
  await topics.update();
  assert.deepEqual(told.splice(0).sort(), ["+/frank", "-/erin"]);
});

test("many changes are followed to the end, and one that could not be followed is told again", async () => {
  const daemon = new Listed();
  const told: string[] = [];
  let isAwayAfter = -1;
  const topics = new Topics(daemon.client(), {
    async changed(contentTopic) {
      if (told.length === isAwayAfter) throw new Error("the relay is away");
      told.push(contentTopic);
    },
  });
  await topics.update();
  const names = Array.from({ length: 1001 }, (_, index) => `n${index}`);
  for (const name of names) daemon.changes(name, true);
  isAwayAfter = 7;
  await assert.rejects(topics.update(), /the relay is away/);
  isAwayAfter = -1;
  await topics.update();
  assert.deepEqual(told, names.map((name) => `/${name}`));
  assert.deepEqual(topics.contentTopics, told);
});

test("topics are kept up to date as events come, until the signal", async () => {
  const daemon = new Listed();
  const controller = new AbortController();
  const told: string[] = [];
  const topics = new Topics(daemon.client(), { changed: (contentTopic) => void told.push(contentTopic) });
  // Each time the stream is over something happens, and it is opened again.
  const names = ["bob", "carol"];
  const delay = async () => {
    const name = names.shift();
    if (name === undefined) controller.abort();
    else daemon.changes(name, true);
  };
  await topics.follow({ signal: controller.signal, delay });
  assert.deepEqual(told, ["/bob", "/carol"]);
});
