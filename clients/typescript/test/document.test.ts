import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { test } from "node:test";

import { Ajv } from "ajv";

import { RATCHETD } from "./support.js";

const require = createRequire(import.meta.url);

/** The schema that a package is made of. */
function packaged(name: string): object {
  const exported = require(name) as { default?: object };
  return exported.default ?? exported;
}

test("the document is one of OpenRPC, by the meta-schema of OpenRPC itself", () => {
  const ajv = new Ajv({ strict: false });
  // The one for schemas is referred to by two names.
  ajv.addSchema(packaged("@json-schema-tools/meta-schema"), "https://meta.json-schema.tools/");
  ajv.addSchema({ $id: "https://meta.json-schema.tools", $ref: "https://meta.json-schema.tools/" });
  const validate = ajv.compile(packaged("@open-rpc/meta-schema"));
  for (const flags of [[], ["--dev"]]) {
    const printed = execFileSync(RATCHETD, ["openrpc", ...flags], { encoding: "utf8" });
    const document = JSON.parse(printed) as { methods: { params?: object }[] };
    assert.ok(validate(document), ajv.errorsText(validate.errors));
    delete document.methods[0]?.params;
    assert.ok(!validate(document), "a method without params was let through");
  }
});
