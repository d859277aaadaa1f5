import { RatchetdError } from "../src/errors.js";
import type { Explanation, InspectedMessageInfo } from "../src/generated.js";
import type { Reader } from "./reader.js";

/** What is known of pasted bytes. */
export interface Finding {
  /** The whole in a few words. */
  verdict: string;
  tone: "good" | "bad" | "plain";
  /** The rest, in sentences. */
  sentences: string[];
  /** What to do; empty if there is nothing. */
  hint: string;
  facts: [name: string, value: string][];
}

/** What the account knows of others: whose devices are whose, and with whom it shares topics. */
export interface Known {
  account: string;
  identityOf: (installation: string) => string | undefined;
  peers: string[];
}

const VERDICTS: Record<Explanation["outcome"], string> = {
  decrypted: "It opens",
  public: "It is public: nothing in it is encrypted",
  contact: "It opens, and says how its sender stands to this account",
  bundle: "It is an advertisement: a bundle alone, with nothing to show",
  group_key: "It opens, and brings keys of a group",
  own: "It is one of this device's own messages",
  not_targeted: "It is for other devices",
  undecryptable: "It is for this device, and does not open",
  unopened: "Its envelope does not open",
};

/** Why these bytes open or do not. Nothing is written by that. */
export async function explained(reader: Reader, known: Known, bytes: string, sender: string): Promise<Finding> {
  const envelope = await opened(reader, known, bytes);
  if (envelope !== null) {
    const { signer, payload } = envelope;
    const facts: Finding["facts"] = [["envelope", "opens"], ["signed by", signer ?? "nobody"]];
    if (signer === null) {
      return {
        verdict: "Its envelope opens, and nobody signed it",
        tone: "bad",
        sentences: ["A message that is read from an envelope takes its sender from the signature: this one is refused."],
        hint: "",
        facts,
      };
    }
    const inside = await inspected(reader, payload);
    if (inside instanceof RatchetdError) {
      return { verdict: "Its envelope opens, and holds no message of ratchetd", tone: "plain", sentences: [], hint: "", facts };
    }
    return await message(reader, known, payload, signer, facts);
  }
  const inside = await inspected(reader, bytes);
  if (inside instanceof RatchetdError) {
    return {
      verdict: "It is no message of ratchetd, and no envelope that this account opens",
      tone: "bad",
      sentences: [
        "As a message: the bytes are cut short, or of another form.",
        "As an envelope: neither the identity of this account opens it, nor a key that it shares with those it has sessions with.",
      ],
      hint: sentence(inside.hint),
      facts: [["length", `${bytes.length / 2 - 1} bytes`]],
    };
  }
  const from = sender || known.identityOf(inside.installationId);
  if (from === undefined) {
    return {
      verdict: "It is a message of somebody who is not known here",
      tone: "plain",
      sentences: [entries(inside), "Why it opens or does not depends on its sender, and no identity with that device is known to this account."],
      hint: "Fill in the sender's public key, and ask again.",
      facts: [["sender's device", inside.installationId || "not named"]],
    };
  }
  return await message(reader, known, bytes, from, []);
}

/** Hints of the daemon come without an end. */
function sentence(hint: string): string {
  return hint === "" ? "" : `${hint.charAt(0).toUpperCase()}${hint.slice(1)}.`;
}

function proven({ forwardSecrecy, postQuantum, authenticated }: Explanation): Finding["facts"] {
  return [
    ["forward secrecy", forwardSecrecy ? "yes" : "no"],
    ["post-quantum", postQuantum ? "yes" : "no"],
    ["sender proven", authenticated ? "yes" : "no"],
  ];
}

function entries({ targets, bundles, publicBytes }: InspectedMessageInfo): string {
  const named = targets.map(({ mode, installationId }) => `${mode ?? "unreadable"} for ${installationId}`);
  const parts = [named.length > 0 ? `entries: ${named.join(", ")}` : "no entries"];
  if (bundles.length > 0) parts.push(`bundles: ${bundles.length}`);
  if (publicBytes > 0) parts.push(`public: ${publicBytes} bytes`);
  return `It has ${parts.join("; ")}.`;
}

async function inspected(reader: Reader, message: string): Promise<InspectedMessageInfo | RatchetdError> {
  try {
    return await reader.read("message_inspect", { message });
  } catch (error) {
    if (error instanceof RatchetdError) return error;
    throw error;
  }
}

/** Opens an envelope with the identity, or with the keys of the topics that the account shares. What is in it is not shown. */
async function opened(reader: Reader, { account, peers }: Known, envelope: string) {
  const tried = async (more: { symKey?: string }) => {
    try {
      const answer = await reader.read("envelope_open", { account, envelope, ...more });
      return answer.outcome === "opened" ? { signer: answer.signer, payload: answer.payload } : null;
    } catch (error) {
      if (error instanceof RatchetdError && error.kind === "payload_too_large") return null;
      throw error;
    }
  };
  const byIdentity = await tried({});
  if (byIdentity !== null) return byIdentity;
  for (const identity of peers) {
    const { symKey } = await reader.read("topic_negotiated", { account, identity });
    const byTopic = symKey === undefined ? null : await tried({ symKey });
    if (byTopic !== null) return byTopic;
  }
  return null;
}

async function message(reader: Reader, { account }: Known, message: string, sender: string, facts: Finding["facts"]): Promise<Finding> {
  const answer = await reader.read("message_explain", { account, sender, message });
  const isRead = !["own", "not_targeted", "undecryptable", "unopened"].includes(answer.outcome);
  const isBad = answer.outcome === "undecryptable" || answer.outcome === "unopened";
  return {
    verdict: VERDICTS[answer.outcome] + (answer.duplicate ? " again: it was read, and not confirmed" : ""),
    tone: isBad ? "bad" : isRead ? "good" : "plain",
    sentences: [...answer.explanation, ...answer.warnings.map(({ detail }) => detail)],
    hint: sentence(answer.hint),
    facts: [
      ...facts,
      ["outcome", answer.outcome],
      ...(answer.reason === undefined ? [] : [["reason", answer.reason] as [string, string]]),
      ["next", answer.nextAction],
      ["sender", answer.sender],
      ...(isRead ? proven(answer) : []),
    ],
  };
}
