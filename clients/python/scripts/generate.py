"""Writes what of the client is made from something else.

    ratchetd openrpc | python scripts/generate.py           writes the files
    ratchetd openrpc | python scripts/generate.py --check   fails if they are not current

`src/ratchetd/_generated.py` has the types, errors and methods of the OpenRPC document, and
`src/ratchetd/_sync` is `src/ratchetd/aio` without `async` and `await`.
"""

from __future__ import annotations

import itertools
import json
import keyword
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent.parent / "src" / "ratchetd"
COLUMNS = 100
Schema = dict[str, Any]

HEAD = '''"""What the interface of the daemon takes and gives: types, errors and methods.

Made by scripts/generate.py from the OpenRPC document of the daemon. Do not edit.
"""

import sys
from collections.abc import Mapping
from typing import Any, Literal, cast, overload

from .errors import RatchetdError

if sys.version_info >= (3, 11):
    from typing import NotRequired, TypedDict
else:
    from typing_extensions import NotRequired, TypedDict
'''

# Parts of a schema that make no type.
CHECKS = {
    "title", "description", "format", "minimum", "maximum", "minLength", "maxLength", "minItems",
    "maxItems", "pattern", "not", "additionalProperties",
}  # fmt: skip
KNOWN = {"$ref", "allOf", "anyOf", "oneOf", "const", "enum", "type", "items", "properties"}
# They belong to a WebSocket. The client has `events`, which uses them.
LEFT_OUT = {"event_subscribe", "event_unsubscribe"}


def docstring(text: str, indent: str) -> str:
    """A docstring, wrapped."""
    paragraphs = text.replace("\\", "\\\\").split("\n")
    width = COLUMNS - len(indent)
    lines = [line for paragraph in paragraphs for line in fill(paragraph, width)]
    if len(lines) == 1 and len(lines[0]) <= width - 6:
        return f'{indent}"""{lines[0]}"""\n'
    lines = [
        line
        for paragraph in ['"""' + paragraphs[0], *paragraphs[1:]]
        for line in fill(paragraph, width)
    ]
    return "".join(f"{indent}{line}".rstrip() + "\n" for line in [*lines, '"""'])


def fill(paragraph: str, width: int) -> list[str]:
    """The lines of a paragraph. That of a list continues indented."""
    hanging = "    " if re.match(r"\w+: ", paragraph) else ""
    return textwrap.wrap(
        paragraph, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    ) or [""]


def union(types: list[str]) -> str:
    """Several types of which one is meant, those of one literal together."""
    literals = [one[8:-1] for one in types if one.startswith("Literal[")]
    others = [one for one in types if not one.startswith("Literal[")]
    if literals:
        others.insert(0, f"Literal[{', '.join(dict.fromkeys(literals))}]")
    if "None" in others:
        others.remove("None")
        others.append("None")
    return " | ".join(dict.fromkeys(others))


def typed(schema: Schema) -> str:
    """The type of what a schema allows. What is not understood here is an error."""
    for part in schema.keys() - KNOWN - CHECKS - {"required"}:
        raise ValueError(f"a schema with {part} is not understood")
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[1])
    if len(schema.get("allOf", [])) == 1:
        return typed(schema["allOf"][0])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return union([typed(one) for one in schema[several]])
    if "const" in schema:
        return f"Literal[{literal(schema['const'])}]"
    if "enum" in schema:
        return f"Literal[{', '.join(literal(one) for one in schema['enum'])}]"
    if isinstance(schema.get("type"), list):
        return union([typed({**schema, "type": one}) for one in schema["type"]])
    match schema.get("type"):
        case None:
            return "Any"
        case "array":
            return f"list[{typed(schema['items'])}]"
        case "object":
            return str(schema["title"]) if "properties" in schema else "dict[str, Any]"
        case kind:
            plain = {"string": "str", "boolean": "bool", "null": "None"}
            return {**plain, "integer": "int", "number": "float"}[kind]


def literal(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def taken(schema: Schema) -> str:
    """The type of a parameter: bytes are taken as they are, too, and any mapping as an object."""
    of = typed(schema)
    if of == "str" and schema.get("pattern", "").startswith("^0x"):
        return "str | bytes"
    return of.replace("list[", "Sequence[").replace("dict[", "Mapping[")


def members(schema: Schema, names: list[str] | None = None) -> str:
    """Members of a TypedDict."""
    out = []
    for name, member in schema["properties"].items():
        if names is not None and name not in names:
            continue
        of = typed(member)
        if name not in schema.get("required", []):
            of = f"NotRequired[{of}]"
        about = docstring(member["description"], "    ") if "description" in member else ""
        out.append(f"    {name}: {of}\n{about}")
    return "".join(out) or "    pass\n"


def typed_dict(name: str, schema: Schema, base: str = "TypedDict") -> str:
    about = (
        docstring(schema.get("description", ""), "    ") + "\n" if schema.get("description") else ""
    )
    if not any(keyword.iskeyword(member) for member in schema["properties"]):
        return f"class {name}({base}):\n{about}{members(schema)}"
    # A member has the name of a keyword.
    assert base == "TypedDict" and set(schema["required"]) == set(schema["properties"])
    entries = "".join(
        f'        "{member}": {typed(of)},\n' for member, of in schema["properties"].items()
    )
    comment = "".join(f"# {line}\n" for line in fill(schema["description"], COLUMNS - 2))
    return f'{comment}{name} = TypedDict(\n    "{name}",\n    {{\n{entries}    }},\n)\n'


def declaration(name: str, schema: Schema) -> str:
    """A schema of the document, as a type."""
    variants = schema.get("oneOf", [])
    if variants and all("const" in one for one in variants):
        values = "".join(f"    {literal(one['const'])},\n" for one in variants)
        about = docstring(
            schema["description"]
            + "\n"
            + "\n".join(f"{one['const']}: {one['description']}" for one in variants),
            "",
        )
        return f"{name} = Literal[\n{values}]\n{about}"
    if variants:
        return tagged(name, schema)
    if schema.get("type") == "object" and "properties" in schema:
        return typed_dict(name, schema)
    return f"{name} = {typed(schema)}\n{docstring(schema['description'], '')}"


def tagged(name: str, schema: Schema) -> str:
    """A TypedDict for each variant, over one with what all have in the same way."""
    variants = schema["oneOf"]
    apart = {member for one in variants for member in one["properties"]}
    common = {
        **schema,
        "properties": {
            member: of for member, of in schema["properties"].items() if member not in apart
        },
    }
    common.pop("oneOf")
    out = [typed_dict(f"_{name}", {**common, "description": "What all have in common."})]
    for one in variants:
        properties = dict(one["properties"])
        for member in apart & schema["properties"].keys():
            # What the variant says of it is narrower, and has no description.
            whole = schema["properties"][member]
            properties[member] = {
                "description": whole["description"],
                **properties.get(member, whole),
            }
        required = [*one["required"], *(set(schema.get("required", [])) & apart)]
        variant = {**one, "properties": dict(sorted(properties.items())), "required": required}
        out.append(typed_dict(one["title"], variant, f"_{name}"))
    names = "".join(f"    | {one['title']}\n" for one in variants).replace("    | ", "    ", 1)
    out.append(f"{name} = (\n{names})\n{docstring(schema['description'], '')}")
    return "\n\n".join(out)


def in_order(schemas: dict[str, Schema]) -> list[str]:
    """The names of the schemas, each behind those that it refers to."""
    done: list[str] = []

    def visit(name: str, above: tuple[str, ...] = ()) -> None:
        assert name not in above, f"{name} refers to itself"
        if name in done:
            return
        for other in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(schemas[name])):
            visit(other, (*above, name))
        done.append(name)

    for name in schemas:
        visit(name)
    return done


def error_name(kind: str) -> str:
    words = "".join(word.capitalize() for word in kind.split("_"))
    return words if words.endswith("Error") else f"{words}Error"


def errors(kinds: list[Schema], hints: dict[str, Schema]) -> str:
    out = []
    for kind in kinds:
        name = kind["const"]
        about = f"{kind['description']}\nWhat to do, by default: {hints[name]['data']['hint']}."
        out.append(
            f"class {error_name(name)}(RatchetdError):\n{docstring(about, '    ')}\n"
            f'    kind = "{name}"\n'
        )
    table = "".join(f'    "{kind["const"]}": {error_name(kind["const"])},\n' for kind in kinds)
    out.append(f"ERRORS: dict[str, type[RatchetdError]] = {{\n{table}}}\n")
    return "\n\n".join(out)


def signature(name: str, params: list[str], result: str) -> str:
    taken = ["self", *(["*"] if params else []), *params]
    on_one_line = f"    async def {name}({', '.join(taken)}) -> {result}:"
    if len(on_one_line) + len(" ...") <= COLUMNS:
        return on_one_line
    listed = "".join(f"        {param},\n" for param in taken)
    return f"    async def {name}(\n{listed}    ) -> {result}:"


def method(info: Schema) -> str:
    """A method of the client, with an overload for each set of parameters that goes together."""
    name, params = info["name"], info["params"]
    result = typed(info["result"]["schema"])
    required = {param["name"] for param in params if param["required"]}
    types = {param["name"]: taken(param["schema"]) for param in params}
    choices = info.get("x-one-of", [])
    apart = {member for choice in choices for choice_set in choice for member in choice_set}
    out = []
    for chosen in itertools.product(*choices) if choices else []:
        given = required | {member for choice_set in chosen for member in choice_set}
        shown = [n for n in types if n in given] + [n for n in types if n not in given | apart]
        declared = [f"{n}: {types[n]}" + ("" if n in given else " | None = None") for n in shown]
        out.append(f"    @overload\n{signature(name, declared, result)} ...\n")
    declared = [
        f"{n}: {of}" + ("" if n in required else " | None = None") for n, of in types.items()
    ]
    listed = "\n".join(f"{param['name']}: {param['description']}" for param in params)
    kinds = sorted({kind for error in info["errors"] for kind in error["data"]["kinds"]})
    about = f"{info['summary']}\n\n{info['description']}" + (f"\n\n{listed}" if listed else "")
    about += f"\n\nRaises: {', '.join(error_name(kind) for kind in kinds)}."
    entries = "".join(f'            "{n}": {n},\n' for n in types)
    mapping = f"{{\n{entries}        }}" if entries else "{}"
    out.append(
        f"{signature(name, declared, result)}\n{docstring(about, '        ')}"
        f"        params: dict[str, object] = {mapping}\n"
        f'        return cast({result}, await self.call("{name}", params))\n'
    )
    return "\n".join(out)


def objects_taken(infos: list[Schema]) -> list[str]:
    """The types of parameters that are objects, or lists of objects."""
    schemas = [
        {"description": param["description"], **param["schema"].get("items", param["schema"])}
        for info in infos
        for param in info["params"]
    ]
    return [typed_dict(schema["title"], schema) for schema in schemas if "properties" in schema]


def methods(infos: list[Schema]) -> str:
    head = '''class AsyncMethods:
    """The methods of the daemon, under its own names and those of its parameters."""

    async def call(self, method: str, params: Mapping[str, object]) -> Any:
        """Calls a method by its name."""
        raise NotImplementedError

'''
    return head + "\n".join(method(info) for info in infos if info["name"] not in LEFT_OUT)


def without_async(text: str) -> str:
    """The same program for threads."""
    for pattern, by in [
        (r"AsyncGenerator\[([^\[\]]+), None\]", r"Generator[\1, None, None]"),
        (r"Awaitable\[([^\[\]]+)\]", r"\1"),
        (r"\basync (def|for|with) ", r"\1 "),
        (r"\bawait ", ""),
        (r"\b__a(enter|exit)__\b", r"__\1__"),
        (r"\baclose\b", "close"),
        (r"\baclosing\b", "closing"),
        (r"\bAsync(HTTPTransport|Client|Methods)\b", r"\1"),
        (r"\bAwaitable, |\bAwaitable\n", ""),
        (r"\bAsyncGenerator\b", "Generator"),
        (r"\bAbstractAsyncContextManager\b", "AbstractContextManager"),
        (r"\bwebsockets\.asyncio\b", "websockets.sync"),
        (r"\basyncio\.sleep\b", "time.sleep"),
        (r"\basyncio\.Lock\b", "threading.Lock"),
        (r"^import asyncio  # (.*)$", r"import \1"),
        (r"\bratchetd\.aio\b", "ratchetd"),
    ]:
        text = re.sub(pattern, by, text, flags=re.MULTILINE)
    return text


def generate(document: Schema) -> dict[Path, str]:
    """Each file that is made, with what is in it."""
    schemas = document["components"]["schemas"]
    kinds = schemas["ErrorKind"]["oneOf"]
    types = [declaration(name, schemas[name]) for name in in_order(schemas)]
    asynchronous = methods(document["methods"])
    parts = [
        HEAD.replace("import Mapping", "import Mapping, Sequence"),
        f'VERSION = "{document["info"]["version"]}"\n"""The daemon that this was made for."""\n',
        *types,
        *objects_taken(document["methods"]),
        errors(kinds, document["components"]["errors"]),
        asynchronous,
        without_async(asynchronous),
    ]
    names = re.findall(
        r"^(?:class )?([A-Z]\w*)(?:\(| = |: dict)", "\n\n".join(parts[1:-2]), re.MULTILINE
    )
    listed = "".join(f'    "{name}",\n' for name in sorted(names))
    parts.insert(1, f"__all__ = [\n{listed}]\n")
    made = {PACKAGE / "_generated.py": "\n\n".join(parts)}
    for source in sorted((PACKAGE / "aio").glob("*.py")):
        head = f"# Made by scripts/generate.py from aio/{source.name}. Do not edit.\n"
        made[PACKAGE / "_sync" / source.name] = head + without_async(source.read_text())
    return made


def main() -> None:
    made = generate(json.load(sys.stdin))
    if "--check" in sys.argv:
        old = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
        if old:
            names = ", ".join(path.name for path in old)
            sys.exit(f"not current: {names}; run `ratchetd openrpc | python scripts/generate.py`")
        return
    for path, text in made.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
