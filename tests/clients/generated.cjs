// Calls a daemon with the client that @open-rpc/generator made of the OpenRPC document:
// node generated.cjs path/to/the/compiled/client
const assert = require("node:assert");
const path = require("node:path");

const { Ratchetd } = require(path.resolve(process.argv[2]));
const { hostname, port } = new URL(process.env.RATCHETD_URL);

async function converse() {
  const client = new Ratchetd({ transport: { type: "http", host: hostname, port: Number(port) } });
  client.transport.headers.set("authorization", `Bearer ${process.env.RATCHETD_TOKEN}`);
  // Its own check looks for names where its methods hand on an array (1.22, of methods by name).
  client.validator = { validate: () => [] };
  await client.account_create("generated-c");
  const other = await client.account_create("generated-d", undefined, 24);
  assert.strictEqual(other.mnemonic.split(" ").length, 24);
  const { contactCode } = await client.bundle_get("generated-d");
  await client.bundle_import(contactCode, "generated-c");
  const sent = await client.message_encrypt(other.compressedKey, "generated-c", undefined, "hello");
  assert.strictEqual(sent.envelopes[0].targets[0].mode, "x3dh");
  await assert.rejects(client.account_create("generated-e", undefined, 13), /found 13/);
  await assert.rejects(client.account_get("nobody"), (error) => error.data.kind === "account_not_found");
}

converse();
