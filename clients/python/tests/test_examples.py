"""The examples: the relay, the bot and the chat with curl and jq."""

from __future__ import annotations

import itertools
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

import bot
import ratchetd
from conftest import TOP, Daemon, Relay
from ratchetd import Client, Message, Topics, receive, send

EXAMPLES = TOP / "examples"


TOPIC = "/waku/1/0xcd423760/rfc26"
# So long something may take, in seconds, on a slow machine.
PATIENCE = 60


def eventually(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


class Person:
    """Somebody who writes to the bot, and sees each answer as often as it comes."""

    def __init__(self, client: Client, relay: str) -> None:
        self.client = client
        self.http = httpx.Client(base_url=relay)
        try:
            client.account_create(account="alice")
        except ratchetd.AccountExistsError:
            pass
        self.topics = Topics(client, account="alice")
        self.after: dict[str, int] = {}
        self.inbox: list[Message] = []

    def meet(self, code: str) -> str:
        bundle = self.client.bundle_import(account="alice", bundle=code)
        return bundle["identity"]

    def deliver(self, content_topic: str, sealed: bytes) -> None:
        self.topics.update()
        self.http.post(content_topic, content=sealed).raise_for_status()

    def write(self, to: str, text: str) -> None:
        send(self.client, to, text, id=str(uuid4()), account="alice", deliver=self.deliver)

    def look(self) -> list[str]:
        self.topics.update()
        for topic in self.topics.content_topics:
            query = {"after": self.after.get(topic, 0)}
            came = self.http.get(topic, params=query).raise_for_status().json()
            for sealed in came["envelopes"]:
                receive(
                    self.client,
                    ratchetd.from_hex(sealed),
                    account="alice",
                    sym_keys=self.topics.keys(topic),
                    store=self.inbox.append,
                    deliver=self.deliver,
                    unreadable=lambda read: pytest.fail(str(read)),
                )
            self.after[topic] = came["next"]
        return [message.text for message in self.inbox]


def test_the_relay_gives_what_came_under_a_topic_in_order_and_what_came_after(relay: Relay) -> None:
    with httpx.Client(base_url=relay.url) as http:
        assert http.get(TOPIC).json() == {"next": 0, "envelopes": []}
        for byte in range(3):
            assert http.post(TOPIC, content=bytes([0xFF, byte])).status_code == 204
            assert http.post("/waku/1/0x00000001/rfc26", content=b"other").status_code == 204
        first = http.get(TOPIC).json()
        assert first["envelopes"] == ["0xff00", "0xff01", "0xff02"]
        http.post(TOPIC, content=b"\x03")
        second = http.get(TOPIC, params={"after": first["next"]}).json()
        assert second["envelopes"] == ["0x03"]
        again = http.get(TOPIC, params={"after": second["next"]}).json()
        assert again == {"next": second["next"], "envelopes": []}
        for path in ("/", "/waku/1/0xCD423760/rfc26", f"/x{TOPIC}", f"{TOPIC}/"):
            assert http.post(path, content=b"x").status_code == 404
            assert http.get(path).status_code == 404
        assert http.post(TOPIC, content=b"").status_code == 400
        for after in ("-1", "x", "9" * 20, "1e3"):
            assert http.get(TOPIC, params={"after": after}).status_code == 400
        assert http.post(TOPIC, content=b"x" * ((5 << 20) + 1)).status_code == 413
        # Large ones come in several answers.
        for byte in b"123":
            assert http.post(TOPIC, content=bytes([byte]) * (4 << 20)).status_code == 204
        after, sizes = second["next"], []
        while (came := http.get(TOPIC, params={"after": after}).json())["envelopes"]:
            sizes.append(len(came["envelopes"]))
            after = came["next"]
        assert sizes == [2, 1]


class Crash(BaseException):
    """The bot is killed here."""


class Crashing:
    """Fails at one of the steps that a bot does outside: before it, or after it."""

    def __init__(self, at: int) -> None:
        self.left = at

    def step(self, do: Callable[[], Any]) -> Any:
        self.left -= 1
        if self.left == 0:
            raise Crash
        done = do()
        self.left -= 1
        if self.left == 0:
            raise Crash
        return done

    def wrap(self, made: bot.Bot) -> None:
        call, post = made.client.call, made.relay.post

        def calling(method: str, params: Mapping[str, object]) -> Any:
            return self.step(lambda: call(method, params))

        def posting(*args: Any, **more: Any) -> httpx.Response:
            response: httpx.Response = self.step(lambda: post(*args, **more))
            return response

        made.client.call = calling  # type: ignore[method-assign]
        made.relay.post = posting  # type: ignore[method-assign]


def test_a_bot_that_is_killed_at_any_step_answers_and_greets_once(
    daemon: Daemon, relay: Relay
) -> None:
    database = str(daemon.directory / "bot.db")
    with daemon.client() as client:
        alice = Person(client, relay.url)
        key = client.account_get(account="alice")["publicKey"]
        first = bot.Bot(daemon.client(), "bot", relay.url, database)
        to = alice.meet(client.bundle_get(account="bot")["contactCode"])
        alice.write(to, "hello")
        first.work()
        assert alice.look() == [bot.GREETING, "hello"]
        for at in itertools.count(1):
            alice.inbox.clear()
            alice.write(to, f"round {at}")
            first.owe(f"hello in round {at}", key, bot.GREETING, is_greeting=True)
            killed = bot.Bot(daemon.client(), "bot", relay.url, database)
            crashing = Crashing(at)
            crashing.wrap(killed)
            try:
                killed.work()
            except Crash:
                pass
            bot.Bot(daemon.client(), "bot", relay.url, database).work()
            answers = alice.look()
            assert answers.count(f"round {at}") == 1, f"killed at step {at}"
            # A greeting has no request id: it may come twice, under one key.
            assert len({message.key for message in alice.inbox}) == 2, f"killed at step {at}"
            assert set(answers) == {bot.GREETING, f"round {at}"}
            if crashing.left > 0:
                break
        # Not all of it was one call.
        assert at > 10
        # The same again gives nothing new.
        bot.Bot(daemon.client(), "bot", relay.url, database).work()
        assert alice.look() == answers


def test_the_bot_knows_its_commands_and_outlives_nonsense(
    daemon: Daemon, relay: Relay, tmp_path: Path
) -> None:
    with daemon.client() as client:
        alice = Person(client, relay.url)
        made = bot.Bot(daemon.client(), "bot", relay.url, str(tmp_path / "bot.db"))
        to = alice.meet(client.bundle_get(account="bot")["contactCode"])
        made.topics.update()
        for topic in made.topics.content_topics:
            httpx.post(relay.url + topic, content=b"nonsense")
        for text in ("/help", "/time", "/dice", "/number", "/unknown", ""):
            alice.write(to, text)
        made.work()
        greeting, help, clock, dice, number, unknown = alice.look()
        assert (greeting, help, unknown) == (bot.GREETING, bot.HELP, "/unknown")
        assert re.fullmatch(r"It is \d\d:\d\d UTC\.", clock) and dice in "123456"
        contact = client.contact_get(account="alice", identity=to)
        assert number == contact["safetyNumber"]
        # A group is not answered in the chat of two.
        alice.inbox.clear()
        to_group = {"account": "alice", "group": "cafe", "deliver": alice.deliver}
        send(client, [to], "to all", id=str(uuid4()), **to_group)  # type: ignore[arg-type]
        made.work()
        assert alice.look() == []


def test_the_bot_owes_what_waits_for_a_kem_prekey_and_asks_for_it_once(
    post_quantum_daemon: Daemon, daemon: Daemon, relay: Relay, tmp_path: Path
) -> None:
    with daemon.client() as client:
        alice = Person(client, relay.url)
        key = client.account_get(account="alice")["publicKey"]
        code = client.bundle_get(account="alice")["contactCode"]
        made = bot.Bot(post_quantum_daemon.client(), "bot", relay.url, str(tmp_path / "bot.db"))
        made.client.bundle_import(account="bot", bundle=code)
        posted: list[str] = []
        deliver = made.deliver

        def counted(content_topic: str, sealed: bytes) -> None:
            posted.append(content_topic)
            deliver(content_topic, sealed)

        made.deliver = counted  # type: ignore[method-assign]
        made.owe("first", key, "hello")
        made.owe("greeting", key, bot.GREETING, is_greeting=True)
        for _ in range(3):
            made.work()
        assert len(posted) == 1
        # The daemon of alice answers with its KEM prekey.
        assert alice.look() == []
        made.work()
        assert alice.look() == [bot.GREETING, "hello"]
        assert all(message.read["postQuantum"] for message in alice.inbox)


class BotProcess:
    """The bot as a program."""

    def __init__(self, daemon: Daemon, relay: Relay, database: Path) -> None:
        self.environment = {
            **os.environ,
            "RATCHETD_SOCKET": daemon.socket,
            "BOT_RELAY": relay.url,
            "BOT_DATABASE": str(database),
        }
        self.code = ""
        self.start()

    def start(self) -> None:
        program = [sys.executable, str(EXAMPLES / "bot/bot.py"), "--interval", "0.05"]
        self._process = subprocess.Popen(
            program, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        self._reading = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reading.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("listening as "):
                self.code = line.split()[-1]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reading.join()


def test_a_bot_and_a_daemon_that_are_killed_lose_and_repeat_nothing(
    daemon: Daemon, other_daemon: Daemon, relay: Relay, tmp_path: Path
) -> None:
    seed = int(os.environ.get("RATCHETD_SEED", random.randrange(1 << 32)))
    print(f"RATCHETD_SEED={seed}")
    chance = random.Random(seed)
    process = BotProcess(daemon, relay, tmp_path / "bot.db")
    try:
        eventually(lambda: process.code)
        with other_daemon.client() as client:
            alice = Person(client, relay.url)
            to = alice.meet(process.code)
            texts = [f"message {number}" for number in range(12)]
            for number, text in enumerate(texts):
                alice.write(to, text)
                time.sleep(chance.uniform(0, 0.3))
                if number % 3 == 0:
                    process.kill()
                    process.start()
                elif number % 3 == 1:
                    daemon.kill()
                    daemon.start()
            eventually(lambda: set(texts) <= set(alice.look()))
            # Whatever is still under way.
            alice.write(to, "the last")
            eventually(lambda: "the last" in alice.look())
            answers = [message.text for message in alice.inbox if message.text != bot.GREETING]
            assert sorted(answers) == sorted([*texts, "the last"])
            greetings = {message.key for message in alice.inbox} - {
                message.key for message in alice.inbox if message.text != bot.GREETING
            }
            assert len(greetings) == 1
    finally:
        process.kill()


class Terminal:
    """Somebody who types into the chat with curl and jq."""

    def __init__(self, name: str, daemon: Daemon, relay: Relay, state: Path) -> None:
        environment = {
            **os.environ,
            "RATCHETD_SOCKET": daemon.socket,
            "RELAY": relay.url,
            "CHAT_STATE": str(state),
        }
        self.process = subprocess.Popen(
            ["bash", str(EXAMPLES / "bash-chat/chat.sh"), name],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.shown: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        eventually(lambda: self.shown)
        self.code = self.shown[0].removeprefix("your contact code: ")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.shown.append(line.rstrip("\n"))

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        finally:
            self.process.kill()


def test_two_chat_with_curl_and_jq_on_a_daemon_each_and_with_the_bot(
    daemon: Daemon, other_daemon: Daemon, relay: Relay, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with (
        Terminal("alice", daemon, relay, state) as alice,
        Terminal("bob", other_daemon, relay, state) as bob,
    ):
        alice.type(bob.code)
        bob.type(alice.code)
        alice.type('Are you there? żółw "🐢" \\ $HOME')
        eventually(lambda: '> Are you there? żółw "🐢" \\ $HOME' in bob.shown)
        bob.type("I am.")
        eventually(lambda: "> I am." in alice.shown)
        # A daemon that is away is waited for.
        daemon.kill()
        alice.type("Still?")
        bob.type("Yes.")
        time.sleep(1)
        daemon.start()
        eventually(lambda: "> Still?" in bob.shown and "> Yes." in alice.shown)
        # What another writes cannot take over the terminal.
        bob.type("\x1b[2Jgone")
        eventually(lambda: "> [2Jgone" in alice.shown)
    assert alice.process.returncode == bob.process.returncode == 0
    assert len(alice.shown) == 4 and len(bob.shown) == 3
    history = (state / "alice/history").read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in history] == [line[2:] for line in alice.shown[1:]]
    with daemon.client() as client:
        made = bot.Bot(daemon.client(), "bot", relay.url, str(tmp_path / "bot.db"))
        code = client.bundle_get(account="bot")["contactCode"]
    with Terminal("carol", other_daemon, relay, state) as carol:
        carol.type(code)
        carol.type("/dice")

        def is_answered() -> bool:
            made.work()
            return len(carol.shown) == 3

        eventually(is_answered)
        assert carol.shown[1] == f"> {bot.GREETING}" and carol.shown[2][2:] in "123456"


def test_a_reply_goes_out_of_the_chat_with_curl_and_jq(
    daemon: Daemon, other_daemon: Daemon, relay: Relay, tmp_path: Path
) -> None:
    with daemon.client() as client, other_daemon.client() as other:
        alice = Person(client, relay.url)
        carol = client.account_create(account="carol")
        code = client.bundle_get(account="carol")["contactCode"]
        alice.meet(code)
        # Another device, which alice does not know of.
        other.account_recover(account="carol", mnemonic=carol["mnemonic"])
        sent = client.message_encrypt(
            account="alice", recipient=carol["publicKey"], text="x", seal="partitioned"
        )
        ratchetd.deliver_all(sent["envelopes"], alice.deliver)
        with Terminal("carol", other_daemon, relay, tmp_path) as terminal:
            terminal.type(code)

            def is_known() -> bool:
                alice.look()
                key = carol["publicKey"]
                listed = client.installation_list(account="alice", identity=key)
                return len(listed) == 2

            eventually(is_known)


def test_the_chat_with_curl_and_jq_shows_nothing_of_others_and_is_kept_up_by_nothing(
    daemon: Daemon, other_daemon: Daemon, relay: Relay, tmp_path: Path
) -> None:
    with daemon.client() as client, other_daemon.client() as other:
        alice = Person(client, relay.url)
        with Terminal("carol", other_daemon, relay, tmp_path) as carol:
            key = alice.meet(carol.code)
            carol.type(client.bundle_get(account="alice")["contactCode"])
            # What somebody else writes, and what the daemon does not even read.
            other.account_create(account="mallory")
            sent = other.message_encrypt(account="mallory", recipient=key, text="I!", seal=True)
            ratchetd.deliver_all(sent["envelopes"], alice.deliver)
            for topic in other.topic_list(account="carol")["topics"]:
                alice.deliver(topic["contentTopic"], b"x" * (5 << 20))
            alice.write(key, "it is me")
            eventually(lambda: "> it is me" in carol.shown)
        assert carol.shown[1:] == ["> it is me"]


def test_what_the_unit_and_the_containers_name_is_there(tmp_path: Path) -> None:
    source = (EXAMPLES / "bot/bot.py").read_text()
    compose = (EXAMPLES / "bot/compose.yaml").read_text()
    unit = (EXAMPLES / "bot/ratchetd-bot.service").read_text()
    for variable in set(re.findall(r"\bBOT_[A-Z]+", compose + unit)):
        assert f'"{variable}"' in source
    image = (EXAMPLES / "bot/Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--)(.*) \S+$", image, re.MULTILINE):
        for name in line.split():
            assert (EXAMPLES / name).exists(), name
    for line in re.findall(r"^COPY --from=client (.*) \S+$", image, re.MULTILINE):
        for name in line.split():
            assert (TOP / "clients/python" / name).exists(), name
    for path in re.findall(r"(?:context|client): (\.\S+)", compose):
        assert (EXAMPLES / "bot" / path).resolve() in (TOP, EXAMPLES, TOP / "clients/python")
    checked = tmp_path / "ratchetd-bot.service"
    checked.write_text(unit.replace("%h/.local/share/ratchetd-bot/bin/python", sys.executable))
    try:
        verify = subprocess.run(
            ["systemd-analyze", "verify", "--user", "--man=no", str(checked)],
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        pytest.skip("there is no systemd-analyze here")
    assert not verify.stderr, verify.stderr
