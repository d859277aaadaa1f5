#!/usr/bin/env python3
"""A bot that answers what it is sent: README.md says how to run it.

What it owes somebody is written down before the message that asks for it is confirmed, and goes out
under an id that is made from that message. So it may be killed at any moment, and the daemon too:
when both are back every message is answered, and no answer is read twice.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import sqlite3
import time
from datetime import datetime, timezone

import httpx

from ratchetd import (
    AccountExistsError,
    Client,
    Message,
    NoAnswerError,
    RatchetdError,
    Topics,
    Unread,
    deliver_all,
    from_hex,
    payload,
    receive,
    send,
)

GREETING = "Hello, I am a bot. I say what you say. /help shows what else I can do."
HELP = "/time tells the time, /dice rolls one, /number shows our safety number, to be compared."

SCHEMA = """
CREATE TABLE IF NOT EXISTS owed (
    id TEXT PRIMARY KEY,         -- of the message that goes out, and of its request
    recipient TEXT NOT NULL,
    text TEXT NOT NULL,
    is_greeting INTEGER NOT NULL,
    is_sent INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS waiting ( -- for a KEM prekey of theirs: nothing goes to them without one
    recipient TEXT PRIMARY KEY
);
CREATE TABLE IF NOT EXISTS cursors (
    name TEXT PRIMARY KEY,       -- a content topic of the relay, or 'events' for the daemon's
    value INTEGER NOT NULL
);
"""


class Bot:
    """A bot with one account of a daemon, on one relay."""

    def __init__(self, client: Client, account: str, relay: str, database: str) -> None:
        self.client = client
        self.account = account
        self.relay = httpx.Client(base_url=relay, trust_env=False)
        self.database = sqlite3.connect(database, isolation_level=None)
        # What is written down survives a loss of power, too.
        self.database.execute("PRAGMA synchronous = FULL")
        self.database.executescript(SCHEMA)
        try:
            client.account_create(account=account)
        except AccountExistsError:
            pass
        self.identity = client.account_get(account=account)["publicKey"]
        self.topics = Topics(client, account=account)

    def work(self) -> None:
        """Reads what has come, and sends what is owed."""
        self.topics.update()
        for topic in self.topics.content_topics:
            self.read(topic)
        self.meet()
        self.answer()

    def read(self, topic: str) -> None:
        """Reads what has come by a topic since it was looked at last."""
        came = self.relay.get(topic, params={"after": self.cursor(topic)}).raise_for_status().json()
        for sealed in came["envelopes"]:
            try:
                receive(
                    self.client,
                    from_hex(sealed),
                    account=self.account,
                    sym_keys=self.topics.keys(topic),
                    store=self.store,
                    deliver=self.deliver,
                    unreadable=self.unreadable,
                )
            except RatchetdError as error:
                if error.is_transient:
                    raise
                # Anybody can post anything. It would be refused again.
                log(f"an envelope was refused: {error}")
        if came["envelopes"]:
            self.set_cursor(topic, came["next"])

    def store(self, message: Message) -> None:
        """Writes down what to answer. The message is confirmed after this."""
        self.resume(message.sender)
        is_for_us_alone = message.chat == message.sender != self.identity
        # A message without a text is the mark of another frontend that something has arrived.
        if is_for_us_alone and message.text:
            self.owe(message.key, message.sender, self.reply(message))

    def reply(self, message: Message) -> str:
        match message.text.split():
            case ["/help", *_]:
                return HELP
            case ["/time", *_]:
                return f"It is {datetime.now(timezone.utc):%H:%M} UTC."
            case ["/dice", *_]:
                return str(random.randint(1, 6))
            case ["/number", *_]:
                contact = self.client.contact_get(account=self.account, identity=message.sender)
                return contact["safetyNumber"]
        return message.text

    def meet(self) -> None:
        """Writes down a greeting for each who asks to become a contact: by a request, or by a first
        message. Sees whose KEM prekeys have come, too.
        """
        after = self.cursor("events")
        listed = self.client.event_list(account=self.account, after=after, limit=1000)
        self.database.execute("BEGIN")
        for event in listed["events"]:
            if event["type"] == "contact.requested":
                identity = event["data"]["identity"]
                self.owe(f"hello {identity}", identity, GREETING, is_greeting=True)
            elif event["type"] == "installation.kem_prekey":
                self.resume(event["data"]["identity"])
        self.set_cursor("events", listed["next"])
        self.database.execute("COMMIT")

    def owe(self, about: str, recipient: str, text: str, is_greeting: bool = False) -> None:
        # Only the first that is written down under an id counts.
        self.database.execute(
            "INSERT OR IGNORE INTO owed (id, recipient, text, is_greeting) VALUES (?, ?, ?, ?)",
            (hashlib.sha256(about.encode()).hexdigest(), recipient, text, is_greeting),
        )

    def resume(self, identity: str) -> None:
        """Sends what is owed to somebody once more, if it waits for a KEM prekey."""
        self.database.execute("DELETE FROM waiting WHERE recipient = ?", (identity,))

    def answer(self) -> None:
        """Sends what is owed, greetings first, until nothing can go any more."""
        query = (
            "SELECT id, recipient, text, is_greeting FROM owed WHERE NOT is_sent "
            "AND recipient NOT IN (SELECT recipient FROM waiting) "
            "ORDER BY is_greeting DESC, rowid LIMIT 1"
        )
        while row := self.database.execute(query).fetchone():
            id, recipient, text, is_greeting = row
            try:
                if not (self.accept if is_greeting else self.say)(id, recipient, text):
                    # They were asked for it. What is owed goes when the answer has come.
                    self.database.execute("INSERT INTO waiting VALUES (?)", (recipient,))
                    continue
            except RatchetdError as error:
                if error.is_transient:
                    raise
                log(f"{recipient[:20]}… is not answered: {error}")
            self.database.execute("UPDATE owed SET is_sent = 1 WHERE id = ?", (id,))

    def say(self, id: str, to: str, text: str) -> bool:
        """Sends an answer; whether they got it."""
        sent = send(self.client, to, text, id=id, account=self.account, deliver=self.deliver)
        return not sent["withheld"]

    def accept(self, id: str, identity: str, text: str) -> bool:
        """Accepts a contact, with a greeting; whether they got it. Done twice, it has the same id
        in its payload.
        """
        # The payload says what others may call it.
        said = payload(id, text, extra={"name": self.account})
        step = self.client.contact_accept(
            account=self.account, identity=identity, text=said, seal=True
        )
        deliver_all(step["envelopes"], self.deliver)
        # Envelopes without targets have no text, and ask for KEM prekeys.
        return not step["envelopes"] or any(sent["targets"] for sent in step["envelopes"])

    def deliver(self, content_topic: str, sealed: bytes) -> None:
        # Where the answer comes is looked at in the next round: this relay keeps what it has.
        self.relay.post(content_topic, content=sealed).raise_for_status()

    def unreadable(self, read: Unread) -> None:
        log(f"a message cannot be read: {read['hint']}")

    def cursor(self, name: str) -> int:
        query = "SELECT value FROM cursors WHERE name = ?"
        row = self.database.execute(query, (name,)).fetchone()
        return int(row[0]) if row else 0

    def set_cursor(self, name: str, value: int) -> None:
        self.database.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (name, value))


def log(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="A bot that answers what it is sent.")
    of = os.environ.get
    parser.add_argument("--account", default=of("BOT_ACCOUNT", "bot"))
    parser.add_argument("--relay", default=of("BOT_RELAY", "http://127.0.0.1:8646"))
    parser.add_argument("--database", default=of("BOT_DATABASE", "bot.db"))
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between two looks")
    options = parser.parse_args()
    # The daemon's socket is RATCHETD_SOCKET, or where it is by default.
    with Client() as client:
        bot = None
        while True:
            try:
                if bot is None:
                    bot = Bot(client, options.account, options.relay, options.database)
                    code = client.bundle_get(account=options.account)["contactCode"]
                    log(f"listening as {code}")
                bot.work()
            except (NoAnswerError, RatchetdError, httpx.HTTPError) as error:
                if isinstance(error, (NoAnswerError, RatchetdError)) and not error.is_transient:
                    raise
                where = f"the relay {options.relay}: " if isinstance(error, httpx.HTTPError) else ""
                log(f"trying again: {where}{error}")
            time.sleep(options.interval)


if __name__ == "__main__":
    main()
