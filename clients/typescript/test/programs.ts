/** The programs in documents: found by what is said before them, and compiled as in a project of a reader. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** This package, as it is checked out. */
export const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const COMPILER = createRequire(import.meta.url).resolve("typescript/bin/tsc");

/** A program in a document. */
export interface Program {
  /** What is said before it how it is tried: `<!-- runs -->`. */
  how: string;
  /** The heading that it stands under. */
  heading: string;
  text: string;
}

/** The programs of a document in their order. Each has to say how it is tried. */
export function programs(document: string): Program[] {
  return [...document.matchAll(/(?:<!-- ([^\n]*) -->\n)?```(?:ts|js|html)\n(.*?)```/gs)].map(({ 1: how, 2: text = "", index }) => {
    const heading = [...document.slice(0, index).matchAll(/^#+ (.*)$/gm)].at(-1)?.[1] ?? "";
    assert.ok(how !== undefined, `a program that nothing tries, under "${heading}"`);
    return { how, heading, text };
  });
}

/** Gives a project what this package itself has in `node_modules`; or this package, built. */
export function link(project: string, ...names: string[]): void {
  for (const name of names) {
    const place = join(project, "node_modules", name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(name === "ratchetd" ? PACKAGE : join(PACKAGE, "node_modules", name), place);
  }
}

/** Compiles programs of a project at the strictest. */
export function compile(project: string, files: string[], ...flags: string[]): void {
  const strict = ["--strict", "--exactOptionalPropertyTypes", "--target", "es2022", ...flags, ...files];
  execFileSync(process.execPath, [COMPILER, ...strict], { cwd: project, stdio: ["ignore", "inherit", "inherit"] });
}
