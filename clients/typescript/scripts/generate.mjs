// Writes src/generated.ts from the OpenRPC document of the daemon.
//
//   ratchetd openrpc | node scripts/generate.mjs           writes src/generated.ts
//   ratchetd openrpc | node scripts/generate.mjs --print   prints it

import { readFileSync, writeFileSync } from "node:fs";

/** What the file begins with. */
const HEAD = `// Made by scripts/generate.mjs from the OpenRPC document of the daemon (\`ratchetd openrpc\`). Do not edit.
`;

/** A comment, wrapped, with its indentation. */
function comment(text, indent = "") {
  if (!text) return "";
  const lines = [];
  for (const paragraph of text.replaceAll("*/", "*\\/").split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line && indent.length + line.length + word.length > 112) {
        lines.push(line);
        line = "";
      }
      line = line ? `${line} ${word}` : word;
    }
    lines.push(line);
  }
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n`;
}

/** Several types of which one is meant. */
function union(types) {
  return [...new Set(types)].join(" | ");
}

/** The type of what a schema allows. A part of a schema that is not known here is an error: it would be lost silently. */
function type(schema, indent = "") {
  const known = ["$ref", "allOf", "anyOf", "oneOf", "const", "enum", "type", "items", "properties", "required"];
  const checks = [
    "title", "description", "format", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "not",
    "additionalProperties",
  ];
  for (const part of Object.keys(schema)) {
    if (![...known, ...checks].includes(part)) throw new Error(`a schema with ${part} is not understood`);
  }
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.allOf?.length === 1) return type(schema.allOf[0], indent);
  if (schema.anyOf) return union(schema.anyOf.map((one) => type(one, indent)));
  if (schema.oneOf) return union(schema.oneOf.map((one) => type(one, indent)));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return union(schema.enum.map((one) => JSON.stringify(one)));
  if (Array.isArray(schema.type)) {
    return union(schema.type.map((one) => type({ ...schema, type: one }, indent)));
  }
  switch (schema.type) {
    case undefined:
      return "unknown";
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "integer":
    case "number":
      return "number";
    case "array": {
      const items = type(schema.items, indent);
      return items.includes(" | ") ? `(${items})[]` : `${items}[]`;
    }
    case "object":
      return schema.properties ? object(schema, indent) : "Record<string, unknown>";
    default:
      throw new Error(`a schema of type ${schema.type} is not understood`);
  }
}

/** An object with its members, commented. Those that are not required are followed by `left`. */
function object(schema, indent, left = "") {
  const inner = `${indent}  `;
  const members = Object.entries(schema.properties).map(([name, member]) => {
    const isRequired = schema.required?.includes(name);
    const of = `${type(member, inner)}${isRequired ? "" : left}`;
    return `${comment(member.description, inner)}${inner}${name}${isRequired ? "" : "?"}: ${of};\n`;
  });
  return `{\n${members.join("")}${indent}}`;
}

/** The names of a closed list, each with what it means. */
function closed(schema) {
  const names = schema.oneOf.map((one) => `${comment(one.description, "  ")}  | ${JSON.stringify(one.const)}\n`);
  return `\n${names.join("").trimEnd()}`;
}

/** A schema of the document, as a type of its own. */
function declaration(name, schema) {
  const about = comment(schema.description);
  const isClosed = schema.oneOf?.every((one) => one.const !== undefined);
  if (isClosed) return `${about}export type ${name} =${closed(schema)};\n`;
  if (schema.oneOf && schema.properties) {
    // What all have in common, and what each has besides.
    const each = schema.oneOf.map((one) => `${comment(one.description, "    ")}    | ${object(one, "    ")}\n`);
    const { oneOf: _, ...common } = schema;
    return `${about}export type ${name} = ${type(common)} & (\n${each.join("")}  );\n`;
  }
  if (schema.type === "object" && schema.properties) return `${about}export interface ${name} ${object(schema, "")}\n`;
  return `${about}export type ${name} = ${type(schema)};\n`;
}

/** The parameters of a method. Of each entry of `x-one-of` exactly one set is given, and nothing of the others. */
function params(method) {
  if (!method.params.length) return "Record<string, never>";
  const entries = method["x-one-of"] ?? [];
  const members = (names) => {
    const of = method.params.filter(({ name }) => names.includes(name));
    return Object.fromEntries(of.map((param) => [param.name, { description: param.description, ...param.schema }]));
  };
  const left = " | undefined";
  const apart = entries.flat(2);
  const together = method.params.filter(({ name }) => !apart.includes(name));
  const required = together.filter((param) => param.required).map(({ name }) => name);
  const common = object({ properties: members(together.map(({ name }) => name)), required }, "    ", left);
  const choices = entries.map((sets) => {
    const each = sets.map((set) => {
      const others = sets.flat().filter((name) => !set.includes(name));
      const never = others.map((name) => `        ${name}?: undefined;\n`);
      const given = object({ properties: members(set), required: set }, "      ");
      return `\n      | ${given.replace(/ {6}}$/, `${never.join("")}      }`)}`;
    });
    return ` & (${each.join("")}\n    )`;
  });
  return common + choices.join("");
}

function generate(document) {
  const out = [HEAD];
  out.push(`/** The daemon that this was made for. */\nexport const VERSION = ${JSON.stringify(document.info.version)};\n`);
  const schemas = Object.entries(document.components.schemas);
  for (const [name, schema] of schemas) out.push(declaration(name, schema));
  const methods = document.methods.map((method) => {
    const about = comment(`${method.summary}\n${method.description}`, "  ");
    const result = type(method.result.schema, "    ");
    return `${about}  ${JSON.stringify(method.name)}: {\n    params: ${params(method)};\n    result: ${result};\n  };\n`;
  });
  out.push(`/** Every method, with what it takes and gives. */\nexport interface Methods {\n${methods.join("")}}\n`);
  const needed = document.methods.map(({ name, params }) => {
    const required = params.filter((param) => param.required).map((param) => JSON.stringify(param.name));
    return `  ${JSON.stringify(name)}: [${required.join(", ")}],\n`;
  });
  out.push(`/** Their names, each with the parameters that are never left out. */\nexport const METHODS = {\n${needed.join("")}} as const satisfies Record<keyof Methods, readonly string[]>;\n`);
  return out.join("\n");
}

const document = JSON.parse(readFileSync(0, "utf8"));
const text = generate(document);
if (process.argv.includes("--print")) {
  process.stdout.write(text);
} else {
  writeFileSync(new URL("../src/generated.ts", import.meta.url), text);
}
