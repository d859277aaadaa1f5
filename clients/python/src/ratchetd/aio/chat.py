"""What every frontend does around `message_encrypt` and `message_decrypt`, in the order that loses
nothing. It is made of calls that anybody can make; nothing is kept here.
"""

from __future__ import annotations

import asyncio  # time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from .. import protocol
from .._generated import (
    Decrypted,
    EnvelopeInfo,
    InvalidRequestError,
    PayloadTooLargeError,
)
from ..content import Message, Sent, Unread, only_asked, opened, payload, too_large
from ..protocol import from_hex
from .client import Client
from .retry import until_answered

# How often an envelope is given again while the daemon derives the keys that may open it.
MOST_KEYS_DELAYS = 20

Deliver = Callable[[str, bytes], Awaitable[None]]
"""Takes a sealed envelope to a relay, which gives it to whoever listens to the content topic. It
raises if it is not certain that it got there.
"""


Store = Callable[[Message], Awaitable[None]]
"""Stores a message, and returns once it is safe. Only then its key is erased, and nobody reads it
again. What is there under the key already is the same message again, and stays.
"""
Unreadable = Callable[[Unread], Awaitable[None]]
"""Is told of a message for us that cannot be read, with a reason and a hint for people."""


async def send(
    client: Client,
    to: str | Sequence[str] | None,
    text: str,
    *,
    id: str,
    deliver: Deliver,
    account: str | None = None,
    group: str | None = None,
    extra: Mapping[str, object] | None = None,
    patience: float | None = None,
) -> Sent:
    """Encrypts, seals and delivers a message to all devices of those it is for, and to our other
    ones. It waits for the daemon as long as that does not answer. If it fails, call it again as it
    was, within 24 hours and also after a restart: the daemon gives the same bytes for the same
    `id`, and whoever has them already drops them.

    If somebody is in `withheld` it is not sent yet, though what was delivered has to be. Call it
    again as it was when an event `installation.kem_prekey` names them, or when a message of theirs
    was read: with each call they are asked once more.

    to: the identity it is for, or those of a group; None for a group that `group_create` made.
    id: your own id for it, new for each message (`str(uuid4())`), stored before it is sent.
    group: the group's name, the same for all members and known to nobody else; of a group that
        `group_create` made, its id: then it is for everybody in it.
    extra: what else the message says, such as `attachments`: other members of its payload.
    patience: how long to wait for a daemon that does not answer, in seconds.

    Raises: what the daemon refuses, and what `deliver` raises.
    """
    said = payload(id, text, group, extra)
    if isinstance(to, str):
        recipient = to
        sent = await until_answered(
            lambda: client.message_encrypt(
                account=account, recipient=recipient, text=said, requestId=id, seal=True
            ),
            patience,
        )
    elif to is not None:
        recipients = list(to)
        sent = await until_answered(
            lambda: client.message_encryptGroup(
                account=account, recipients=recipients, text=said, requestId=id, seal=True
            ),
            patience,
        )
    elif group is not None:
        members_of = group
        sent = await until_answered(
            lambda: client.message_encryptGroup(
                account=account, group=members_of, text=said, requestId=id, seal=True
            ),
            patience,
        )
    else:
        raise ValueError("to: give identities, or a group by its id")
    await deliver_all(sent["envelopes"], deliver)
    asked = only_asked(sent["envelopes"])
    if asked and len(asked) < len(sent["envelopes"]):
        # What others have got is sent, though a device of our own is still to be asked.
        own = await until_answered(lambda: client.account_get(account=account), patience)
        asked = [identity for identity in asked if identity != own["publicKey"]]
    return {**sent, "withheld": asked}


async def deliver_all(envelopes: Sequence[EnvelopeInfo], deliver: Deliver) -> None:
    """Delivers envelopes that a method gave with `seal`."""
    for envelope in envelopes:
        await deliver(envelope.get("contentTopic", ""), from_hex(envelope.get("sealed", "")))


async def receive(
    client: Client,
    sealed: bytes,
    *,
    store: Store,
    deliver: Deliver,
    unreadable: Unreadable,
    account: str | None = None,
    sym_keys: Sequence[str | None] = (),
    patience: float | None = None,
) -> Decrypted:
    """Reads an envelope that came from a relay, has its message stored, confirms it, and delivers
    the reply if one is due. Give it everything that comes, under any topic: what is for others, was
    read before or is larger than any message is passed over. Go on to the next envelope when it has
    returned; if it fails, give it the same one again.

    sym_keys: the keys of the topic that it came by, as `Topics.keys` has them.
    patience: how long to wait for a daemon that does not answer, in seconds.

    Raises: what the daemon refuses, and what `store` and `deliver` raise.
    """
    read = await _decrypt(client, account, sealed, sym_keys, patience)
    for attempt in range(MOST_KEYS_DELAYS):
        if read.get("reason") != "keys_pending":
            break
        await asyncio.sleep(protocol.delay(attempt))
        read = await _decrypt(client, account, sealed, sym_keys, patience)
    if read["outcome"] == "decrypted":
        await store(opened(read))
    # What says nothing but how its sender stands to us has a key as well.
    if read["outcome"] in ("decrypted", "contact") and read["messageId"] is not None:
        ids = [read["messageId"]]
        await until_answered(
            lambda: client.message_confirm(account=account, messageIds=ids), patience
        )
    elif read["outcome"] == "undecryptable":
        if read["reason"] != "already_read":
            await unreadable(read)
    elif read["outcome"] == "unopened":
        # What does not open is for others, unless the keys to tell are still to come.
        if read["reason"] == "keys_pending":
            await unreadable(read)
    if "reply" in read:
        await deliver_all([read["reply"]], deliver)
    return read


async def _decrypt(
    client: Client,
    account: str | None,
    sealed: bytes,
    sym_keys: Sequence[str | None],
    patience: float | None,
) -> Decrypted:
    sym_key, *others = list(sym_keys) or [None]
    try:
        read = await until_answered(
            lambda: client.message_decrypt(account=account, sealed=sealed, symKey=sym_key), patience
        )
    except (InvalidRequestError, PayloadTooLargeError) as error:
        # No message is as large, and the same again is refused again.
        return too_large(error)
    if read["outcome"] == "unopened" and others:
        return await _decrypt(client, account, sealed, others, patience)
    return read
