"""A client of types that datamodel-code-generator made from the OpenRPC document.

    generated.py schemas < openrpc.json > schemas.json    what the generator takes
    generated.py                                          calls a daemon with what it made
"""

import json
import os
import re
import sys


def pascal(name):
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]", name))


def schemas(document):
    """The document's types, and one for the parameters and the result of each method."""
    types = dict(document["components"]["schemas"])
    for method in document["methods"]:
        name = pascal(method["name"])
        types[name + "Params"] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {param["name"]: param["schema"] for param in method["params"]},
            "required": [param["name"] for param in method["params"] if param["required"]],
        }
        types[name + "Answer"] = {
            "type": "object",
            "properties": {"result": method["result"]["schema"]},
            "required": ["result"],
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "ratchetd", "version": document["info"]["version"]},
        "paths": {},
        "components": {"schemas": types},
    }


def converse():
    import pydantic
    import ratchetd_types as types
    import requests

    headers = {"authorization": "Bearer " + os.environ["RATCHETD_TOKEN"]}

    def call(method, **given):
        params = getattr(types, pascal(method) + "Params")(**given)
        params = params.model_dump(by_alias=True, exclude_none=True, mode="json")
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = requests.post(os.environ["RATCHETD_URL"], json=request, headers=headers).json()
        return getattr(types, pascal(method) + "Answer").model_validate(answer).result

    alice = call("account_create", account="generated-a")
    bob = call("account_create", account="generated-b", words=24)
    assert len(bob.mnemonic.split()) == 24, "words"
    code = call("bundle_get", account="generated-b").contactCode
    imported = call("bundle_import", account="generated-a", bundle=code)
    assert imported.identity == bob.publicKey, imported
    sent = call("message_encrypt", account="generated-a", recipient=bob.compressedKey, text="hello")
    assert sent.forwardSecrecy and sent.envelopes[0].targets[0].mode == types.Mode("x3dh"), sent
    read = call(
        "message_decrypt",
        account="generated-b",
        sender=alice.publicKey.root,
        message=sent.envelopes[0].message.root,
    )
    # One class for each outcome, within one that is any of them.
    read = read.root
    assert read.outcome in ("decrypted", types.Outcome("decrypted")) and read.text == "hello", read
    events = call("event_list", account="generated-b", after=0).events
    assert events[0].root.type == "installation.discovered", events
    devices = call("installation_list", account="generated-a")
    assert [device.self for device in devices] == [True], devices
    # What the document does not allow is refused before it is sent.
    for wrong in ({"account": "A"}, {"acount": "a"}, {"account": "a", "words": 13}, {}):
        try:
            types.AccountCreateParams(**wrong)
        except pydantic.ValidationError:
            continue
        raise AssertionError(f"{wrong} was taken")


if sys.argv[1:] == ["schemas"]:
    json.dump(schemas(json.load(sys.stdin)), sys.stdout)
else:
    converse()
