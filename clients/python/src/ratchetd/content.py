"""What a payload says.

By the convention of these helpers a payload is JSON: `{"id", "text"}`, in a group `"group"`
besides, with files `"attachments"`, and whatever else frontends tell each other. The daemon's
message ids differ from device to device, and a copy for our own devices is a message of its own:
the id in the payload is the same everywhere. What comes without all this, as from other programs,
is a text with the daemon's id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ._generated import (
    CopyOfInfo,
    DecryptedDecrypted,
    DecryptedUndecryptable,
    DecryptedUnopened,
    Encrypted,
    EnvelopeInfo,
)
from .blobs import Attachment, attachments_in
from .errors import RatchetdError
from .protocol import from_hex

# Longest id of a message: what the daemon takes as a request id.
MAX_ID_CHARS = 128

Unread = DecryptedUndecryptable | DecryptedUnopened
"""A message that cannot be read."""


class Sent(Encrypted):
    """What became of a message that was to be sent."""

    withheld: list[str]
    """Those of whom no device got a copy, because KEM prekeys are missing and nothing may be
    written below suite x25519-mlkem768. They were asked for them. Empty if the message is on its
    way to everybody.
    """


@dataclass(frozen=True)
class Message:
    """A message that was read."""

    key: str
    """What to store it under: the same on each of our devices, for each copy that comes, and for no
    other sender's.
    """
    id: str
    """What its sender calls it. Others may call theirs the same: `key` has the sender in it."""
    sender: str
    """The identity that wrote it, which its signature proves; our own, if another device of ours
    did.
    """
    chat: str
    """Where to show it: the identity that we chat with, or `group/` and a group's name."""
    text: str
    extra: dict[str, Any]
    """What else its payload says, whatever it is: check all of it."""
    read: DecryptedDecrypted
    """All that the daemon says of it, with the bytes of its payload."""

    @property
    def attachments(self) -> list[Attachment]:
        """The files that were sent with it."""
        return attachments_in(self.extra.get("attachments"))


def payload(
    id: str, text: str, group: str | None = None, extra: Mapping[str, object] | None = None
) -> str:
    """A payload by the convention, as text, for calls that take one, such as `contact_request`."""
    said = {**(extra or {}), "id": id, "text": text, "group": group}
    if group is None:
        del said["group"]
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def only_asked(envelopes: Sequence[EnvelopeInfo]) -> list[str]:
    """The identities that are asked for KEM prekeys, and get no copy of a message."""
    return [sent["recipient"] or "" for sent in envelopes if not sent["targets"]]


def opened(read: DecryptedDecrypted) -> Message:
    """Reads a payload by the convention. What is no UTF-8 is shown as it can be."""
    said = read.get("text") or from_hex(read["payload"]).decode(errors="replace")
    content = _content(said) or {"id": read["messageId"], "text": said}
    return Message(
        key=f"{read['sender']}/{content['id']}",
        id=content["id"],
        sender=read["sender"],
        chat=chat_id(read["sender"], read.get("copyOf"), content.get("group")),
        text=content["text"],
        extra={name: of for name, of in content.items() if name not in ("id", "text", "group")},
        read=read,
    )


def too_large(error: RatchetdError) -> DecryptedUnopened:
    """What the daemon would say of an envelope that it does not take for its size."""
    return {
        "outcome": "unopened",
        "reason": "malformed",
        "hint": str(error),
        "nextAction": "drop",
        "sender": None,
        "messageId": None,
        "installationId": None,
        "authenticated": False,
        "duplicate": False,
        "forwardSecrecy": False,
        "postQuantum": False,
        "newInstallations": [],
        "warnings": [],
    }


def _content(said: str) -> dict[str, Any] | None:
    try:
        read = json.loads(said)
    except (ValueError, RecursionError):
        return None
    content = cast(dict[str, Any], read) if isinstance(read, dict) else {}
    name, text = content.get("id"), content.get("text")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_ID_CHARS or not isinstance(text, str):
        return None
    if not isinstance(content.get("group"), str):
        content.pop("group", None)
    return content


def chat_id(sender: str, copy_of: CopyOfInfo | None = None, group: str | None = None) -> str:
    """Where a message belongs: the identity of the other end, for a copy of our own the one that it
    was sent to; or `group/` and the name of the group that it says it is of. No identity begins so:
    nobody gets into the chat that we have with another. Who is in a group is for you to know:
    whoever knows its name can write this.
    """
    if group is not None:
        return f"group/{group}"
    recipients = [] if copy_of is None else copy_of["recipients"]
    return recipients[0] if len(recipients) == 1 else sender
