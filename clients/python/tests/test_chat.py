"""The helpers: sending, receiving, listening."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import defaultdict
from typing import Any
from uuid import uuid4

import pytest

import ratchetd
from conftest import Daemon
from ratchetd import (
    Client,
    Decrypted,
    Message,
    NoAnswerError,
    Topics,
    Unread,
    aio,
    chat_id,
    receive,
    send,
)


class Person:
    """Somebody with a daemon, and a relay that is a dictionary."""

    def __init__(self, client: Client, relay: dict[str, list[bytes]], mnemonic: str = "") -> None:
        self.client = client
        self.relay = relay
        if mnemonic:
            self.key = client.account_recover(account="me", mnemonic=mnemonic)["publicKey"]
        else:
            made = client.account_create(account="me")
            self.key, self.mnemonic = made["publicKey"], made["mnemonic"]
        self.topics = Topics(client)
        self.inbox: dict[str, Message] = {}
        self.unread: list[Unread] = []
        self.delivered: list[bytes] = []
        self.taken: dict[str, int] = defaultdict(int)

    def meet(self, other: Person) -> None:
        self.client.bundle_import(bundle=other.client.bundle_get()["contactCode"])

    def deliver(self, content_topic: str, sealed: bytes) -> None:
        self.topics.update()
        self.delivered.append(sealed)
        self.relay[content_topic].append(sealed)

    def store(self, message: Message) -> None:
        self.inbox.setdefault(message.key, message)

    def write(self, to: Person | list[Person], text: str, id: str = "", **more: Any) -> str:
        id = id or str(uuid4())
        keys = to.key if isinstance(to, Person) else [one.key for one in to]
        send(self.client, keys, text, id=id, deliver=self.deliver, **more)
        return id

    def read(self, sealed: bytes, **more: Any) -> Decrypted:
        given = {"store": self.store, "deliver": self.deliver, "unreadable": self.unread.append}
        return receive(self.client, sealed, **{**given, **more})

    def look(self) -> list[str]:
        """Reads what has come; the texts that are new."""
        before = set(self.inbox)
        self.topics.update()
        for topic in self.topics.content_topics:
            while self.taken[topic] < len(self.relay[topic]):
                sealed = self.relay[topic][self.taken[topic]]
                self.read(sealed, sym_keys=self.topics.keys(topic))
                self.taken[topic] += 1
        return [message.text for key, message in self.inbox.items() if key not in before]


@pytest.fixture
def people(daemon: Daemon, other_daemon: Daemon) -> tuple[Person, Person]:
    relay: dict[str, list[bytes]] = defaultdict(list)
    return Person(daemon.client(), relay), Person(other_daemon.client(), relay)


def test_two_people_chat_and_the_topics_follow(people: tuple[Person, Person]) -> None:
    alice, bob = people
    alice.meet(bob)
    first = alice.write(bob, "żółw 🐢")
    assert bob.look() == ["żółw 🐢"]
    message = bob.inbox[f"{alice.key}/{first}"]
    assert (message.id, message.sender, message.chat) == (first, alice.key, alice.key)
    assert message.read["forwardSecrecy"]
    for round in range(3):
        bob.write(alice, f"answer {round}")
        assert alice.look() == [f"answer {round}"]
        alice.write(bob, f"question {round}")
        assert bob.look() == [f"question {round}"]
    # They have a topic that only they can tell. Of several keys the right one is found.
    alice.write(bob, "sealed")
    bob.read(alice.delivered[-1], sym_keys=["0x" + "01" * 32, *bob.topics.keys(topic_of(alice))])
    assert [message.text for message in bob.inbox.values()][-1] == "sealed"
    assert len(alice.topics.content_topics) > 1
    for person in people:
        listed = person.client.topic_list()["topics"]
        assert set(person.topics.content_topics) == {topic["contentTopic"] for topic in listed}
        assert not person.unread


def topic_of(person: Person) -> str:
    """Where the last message of somebody went."""
    [topic] = [at for at, sent in person.relay.items() if person.delivered[-1] in sent]
    return topic


def test_the_same_id_gives_the_same_bytes_and_is_one_message(people: tuple[Person, Person]) -> None:
    alice, bob = people
    alice.meet(bob)
    id = alice.write(bob, "once")
    alice.write(bob, "once", id)
    assert alice.delivered[0] == alice.delivered[1]
    assert bob.look() == ["once"]
    # What was read and confirmed is passed over.
    assert bob.read(alice.delivered[0])["outcome"] == "undecryptable"
    assert not bob.unread and len(bob.inbox) == 1
    with pytest.raises(ratchetd.RequestIdReusedError):
        alice.write(bob, "another", id)


def test_what_is_withheld_goes_under_the_same_id_when_a_kem_prekey_has_come(
    post_quantum_daemon: Daemon, other_daemon: Daemon
) -> None:
    relay: dict[str, list[bytes]] = defaultdict(list)
    alice, bob = Person(post_quantum_daemon.client(), relay), Person(other_daemon.client(), relay)
    alice.meet(bob)

    def sent() -> ratchetd.Sent:
        return send(alice.client, bob.key, "between us", id="1", deliver=alice.deliver)

    asked = sent()
    assert asked["withheld"] == [bob.key] and not asked["postQuantum"]
    assert [skipped["reason"] for skipped in asked["skipped"]] == ["kem_key_missing"]
    # Bob's daemon answers with its KEM prekey, whether or not he looks.
    assert bob.look() == [] and alice.look() == []
    came = [
        event["data"]["identity"]
        for event in alice.client.event_list(after=0)["events"]
        if event["type"] == "installation.kem_prekey"
    ]
    assert came == [bob.key]
    there = sent()
    assert there["withheld"] == [] and there["postQuantum"]
    assert sent() == there
    assert bob.look() == ["between us"]
    # Of a group, those are named who got nothing.
    carol = other_daemon.client().account_create(account="carol")["publicKey"]
    to = [bob.key, carol]
    both = send(alice.client, to, "to both", id="2", group="g", deliver=alice.deliver)
    assert both["withheld"] == [carol]


def test_a_device_of_our_own_that_is_still_to_be_asked_withholds_nothing(
    people: tuple[Person, Person],
) -> None:
    alice, bob = people

    def withheld(*envelopes: tuple[str, int]) -> list[str]:
        def encrypt(**_: object) -> Any:
            return {
                "envelopes": [
                    {"recipient": recipient, "targets": [{}] * count, "sealed": "0x"}
                    for recipient, count in envelopes
                ]
            }

        alice.client.message_encrypt = encrypt  # type: ignore[method-assign]
        return send(alice.client, bob.key, "a", id="1", deliver=lambda *_: None)["withheld"]

    assert withheld((bob.key, 1), (alice.key, 0)) == []
    assert withheld((bob.key, 0), (alice.key, 0)) == [bob.key, alice.key]
    assert withheld((alice.key, 0)) == [alice.key]
    assert withheld() == []


def test_what_could_not_be_stored_is_not_confirmed(people: tuple[Person, Person]) -> None:
    alice, bob = people
    alice.meet(bob)
    alice.write(bob, "precious")
    [sealed] = alice.delivered

    def fail(message: Message) -> None:
        raise OSError("the disk is full")

    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            bob.read(sealed, store=fail)
    again = bob.read(sealed)
    assert again["outcome"] == "decrypted" and again["duplicate"]
    assert bob.read(sealed)["outcome"] == "undecryptable"


def test_a_reply_is_delivered_whatever_became_of_the_message(people: tuple[Person, Person]) -> None:
    alice, bob = people
    alice.meet(bob)
    alice.write(bob, "hello")
    bob.look()
    bob.write(alice, "hi")
    alice.look()
    # Bob has another device, which no message so far has an entry for.
    bob.client.account_recover(account="other", mnemonic=bob.mnemonic)
    sent = alice.client.message_encrypt(recipient=bob.key, text="for one", seal="partitioned")
    sealed = ratchetd.from_hex(sent["envelopes"][0].get("sealed", ""))
    replies: list[bytes] = []
    read = bob.read(sealed, account="other", deliver=lambda _, reply: replies.append(reply))
    assert read["outcome"] == "not_targeted" and len(replies) == 1
    # The reply tells of the device: the next message has an entry for it.
    assert alice.read(replies[0])["outcome"] == "bundle"
    alice.write(bob, "for both")
    assert bob.read(alice.delivered[-1], account="other")["outcome"] == "decrypted"


def test_our_own_other_device_sees_the_same_chat(people: tuple[Person, Person]) -> None:
    alice, bob = people
    # Two accounts on a daemon of one person are two devices.
    laptop = alice.client.account_recover(account="laptop", mnemonic=alice.mnemonic)
    bundle = alice.client.bundle_get(account="laptop")["bundle"]
    alice.client.bundle_import(account="me", bundle=bundle)
    alice.client.installation_enable(account="me", installationId=laptop["installationId"])
    sent: list[bytes] = []
    deliver = lambda _, sealed: sent.append(sealed)  # noqa: E731
    send(alice.client, bob.key, "hello", account="me", id="one", deliver=deliver)
    copies = [alice.read(sealed, account="laptop") for sealed in sent]
    assert [copy["outcome"] for copy in copies].count("decrypted") == 1
    [message] = alice.inbox.values()
    assert (message.key, message.chat) == (f"{alice.key}/one", bob.key)


def test_a_group_is_named_by_its_messages(people: tuple[Person, Person]) -> None:
    alice, bob = people
    alice.meet(bob)
    alice.write([bob], "to all", group="deadbeef")
    bob.look()
    [message] = bob.inbox.values()
    assert (message.chat, message.sender) == ("group/deadbeef", alice.key)
    assert chat_id("a") == "a"
    assert chat_id("a", {"recipients": ["b"]}) == "b"
    assert chat_id("a", {"recipients": ["b", "c"]}) == "a"


def test_a_group_with_a_log_is_written_to_by_its_id(people: tuple[Person, Person]) -> None:
    alice, bob = people
    alice.meet(bob)
    made = alice.client.group_create(name="club", members=[bob.key])
    group = made["group"]["group"]
    send(alice.client, None, "to all", id="1", group=group, deliver=alice.deliver)
    bob.look()
    [message] = bob.inbox.values()
    assert (message.text, message.chat, message.sender) == ("to all", f"group/{group}", alice.key)
    # Whoever is removed gets no more. The daemon knows who is there.
    alice.client.group_remove(group=group, members=[bob.key])
    send(alice.client, None, "to the rest", id="2", group=group, deliver=alice.deliver)
    assert bob.look() == [] and len(alice.delivered) == 1
    with pytest.raises(ValueError, match="to: "):
        send(alice.client, None, "to nobody", id="3", deliver=alice.deliver)


def test_attachments_are_named_and_what_is_none_is_left_out(people: tuple[Person, Person]) -> None:
    alice, bob = people
    alice.meet(bob)
    file = ratchetd.Attachment(key="0x01", hash="0x02", size=3, url="https://files.example/02")
    alice.write(bob, "look", extra={"attachments": [file], "at": 7, "id": "not this"})
    bad = [None, {"key": 1, "hash": "0x", "size": 1}, {**file, "size": True}, {**file, "size": -1}]
    odd = {**file, "name": 7, "colour": "red"}
    said = json.dumps({"id": "x", "text": "odd", "attachments": [*bad, odd]})
    seal = alice.client.message_encrypt(recipient=bob.key, text=said, seal=True)
    for envelope in seal["envelopes"]:
        bob.read(ratchetd.from_hex(envelope.get("sealed", "")))
    bob.look()
    assert {m.text: m.attachments for m in bob.inbox.values()} == {"look": [file], "odd": [file]}
    [look] = [message for message in bob.inbox.values() if message.text == "look"]
    assert look.extra == {"attachments": [file], "at": 7} and look.id != "not this"


@pytest.mark.parametrize(
    "said",
    ["plain", "[]", '{"text": "no id"}', '{"id": "", "text": "x"}', '{"id": 1, "text": "x"}']
    + ['{"id": "x"}', '{"id": "' + "x" * 129 + '", "text": "x"}', "[" * 5000, "null"],
)
def test_a_payload_of_another_program_is_a_text(said: str) -> None:
    def opened(**more: str) -> Message:
        read: Any = {"sender": "0x04", "messageId": "0x05", **more}
        return ratchetd.opened(read)

    for message in (
        opened(payload=f"0x{said.encode().hex()}"),
        opened(payload=f"0x{said.encode().hex()}", text=said),
    ):
        assert (message.id, message.text, message.key) == ("0x05", said, "0x04/0x05")
    assert opened(payload="0xff41").text == "\ufffdA"


def test_what_cannot_be_read_is_told_and_what_is_for_others_is_not(
    people: tuple[Person, Person],
) -> None:
    alice, bob = people
    alice.meet(bob)
    alice.write(bob, "hello")
    [sealed] = alice.delivered
    # It is for Bob, and Alice sees no more than that it is not for her.
    assert alice.read(sealed)["outcome"] in ("unopened", "own")
    assert bob.read(sealed[:-1] + b"\x00")["outcome"] == "unopened"
    assert bob.read(b"nonsense")["outcome"] == "unopened"
    # What the daemon does not take, and would never.
    large = bob.read(b"\x00" * (5 << 20))
    assert large["outcome"] == "unopened" and large["nextAction"] == "drop"
    assert "10 MiB" in large["hint"]
    assert large.keys() == bob.read(b"nonsense").keys()
    assert not alice.unread and not bob.unread
    # A message whose key is gone is told.
    bob.client.message_decrypt(sealed=sealed, confirm=True)
    bob.read(sealed)
    assert [read["outcome"] for read in bob.unread] == ["undecryptable"]
    assert bob.unread[0]["hint"]


def test_they_wait_for_a_daemon_that_does_not_answer(daemon: Daemon, other_daemon: Daemon) -> None:
    relay: dict[str, list[bytes]] = defaultdict(list)
    alice, bob = Person(daemon.client(), relay), Person(other_daemon.client(), relay)
    alice.meet(bob)
    daemon.kill()
    with pytest.raises(NoAnswerError):
        send(alice.client, bob.key, "x", id="x", deliver=alice.deliver, patience=0.1)
    starting = threading.Timer(0.3, daemon.start)
    starting.start()
    alice.write(bob, "at last")
    starting.join()
    other_daemon.kill()
    starting = threading.Timer(0.3, other_daemon.start)
    starting.start()
    assert bob.look() == ["at last"]
    starting.join()


def test_asyncio_has_the_same_helpers(daemon: Daemon) -> None:
    async def main() -> None:
        async with aio.Client(daemon.socket) as client:
            alice = await client.account_create(account="alice")
            bob = await client.account_create(account="bob")
            code = (await client.bundle_get(account="bob"))["contactCode"]
            await client.bundle_import(account="alice", bundle=code)
            changes: list[tuple[str, bool]] = []

            async def changed(content_topic: str, is_listened: bool) -> None:
                changes.append((content_topic, is_listened))

            topics = aio.Topics(client, account="alice", changed=changed)
            following = asyncio.create_task(topics.follow())
            sent: list[tuple[str, bytes]] = []
            seen: list[Message] = []

            async def deliver(content_topic: str, sealed: bytes) -> None:
                sent.append((content_topic, sealed))

            async def store(message: Message) -> None:
                seen.append(message)

            async def unreadable(read: Unread) -> None:
                raise AssertionError(read)

            async def take(account: str) -> None:
                await aio.receive(
                    client,
                    sent.pop()[1],
                    account=account,
                    store=store,
                    deliver=deliver,
                    unreadable=unreadable,
                )

            to = bob["publicKey"]
            await aio.send(client, to, "hello", account="alice", id="1", deliver=deliver)
            await take("bob")
            to = alice["publicKey"]
            await aio.send(client, to, "hi", account="bob", id="2", deliver=deliver)
            await take("alice")
            assert [message.text for message in seen] == ["hello", "hi"]
            # By the events it gets to know of the topic that the two share now.
            listed = (await client.topic_list(account="alice"))["topics"]
            expected = {topic["contentTopic"] for topic in listed}
            while set(topics.content_topics) != expected:
                await asyncio.sleep(0.01)
            assert changes == [(topic, True) for topic in topics.content_topics]
            assert len(expected) > 1 and any(topics.keys(topic) != [None] for topic in expected)
            following.cancel()

    asyncio.run(main())


def test_a_change_that_could_not_be_told_is_told_again(daemon: Daemon) -> None:
    with daemon.client() as client:
        client.account_create(account="alice")
        told: list[str] = []

        def changed(content_topic: str, is_listened: bool) -> None:
            told.append(content_topic)
            if len(told) == 2:
                raise OSError("the relay is gone")

        topics = Topics(client, account="alice", changed=changed)
        with pytest.raises(OSError):
            topics.update()
        topics.update()
        assert told[1] == told[2] and len(set(told)) == len(told) - 1
        assert sorted(set(told)) == sorted(topics.content_topics)
