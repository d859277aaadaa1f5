// Builds the page that the daemon serves: one file with its script and style, and the policy that
// allows these two by their hashes and nothing else. With --check, says whether what is committed is
// what the sources build.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

import { build } from "esbuild";

const here = (name) => new URL(name, import.meta.url);
const OUT = here("../../../crates/daemon/ui/");

async function bundled(entry) {
  const { outputFiles } = await build({
    entryPoints: [here(entry).pathname],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    legalComments: "none",
  });
  return outputFiles[0].text.trim();
}

const hashed = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const [script, style] = [await bundled("main.ts"), await bundled("style.css")];
if (script.includes("</script") || style.includes("</style")) throw new Error("it would end its own element");
const page = readFileSync(here("index.html"), "utf8").replace("STYLE", () => style).replace("SCRIPT", () => script);
const policy = [
  "default-src 'none'",
  `script-src ${hashed(script)}`,
  `style-src ${hashed(style)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

for (const [name, text] of [["page.html", page], ["policy.txt", policy]]) {
  if (!process.argv.includes("--check")) writeFileSync(new URL(name, OUT), text);
  else if (readFileSync(new URL(name, OUT), "utf8") !== text) {
    console.error(`crates/daemon/ui/${name} is not what clients/typescript/ui builds: run \`npm run build:ui\``);
    process.exitCode = 1;
  }
}
