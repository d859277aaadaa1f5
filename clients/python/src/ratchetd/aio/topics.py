"""The topics that an account listens to."""

from __future__ import annotations

import asyncio  # threading
from collections.abc import Awaitable, Callable

from .._generated import ListenedTopic
from .client import Client
from .retry import until_answered

# Events that are asked for at once.
EVENTS = 1000

TopicChanged = Callable[[str, bool], Awaitable[None]]
"""Is told of each content topic that is to be listened to from now on (true), or no more."""


class Topics:
    """What an account listens to. It is as `update` left it last."""

    def __init__(
        self, client: Client, *, account: str | None = None, changed: TopicChanged | None = None
    ) -> None:
        """`changed` subscribes at the relay, for one: what it has returned for is listened to."""
        self._client = client
        self._account = account
        self._changed = changed
        # By content topic, and then by what tells a topic apart: different ones may have the same
        # four bytes.
        self._topics: dict[str, dict[tuple[str, str | None], ListenedTopic]] = {}
        # The last event that was looked at. Without one, the list is still to be asked for.
        self._seen: int | None = None
        # One after the other: changes are told in their order.
        self._updating = asyncio.Lock()

    @property
    def content_topics(self) -> list[str]:
        """The content topics, each once."""
        return list(self._topics)

    def keys(self, content_topic: str) -> list[str | None]:
        """The keys to give to `receive` with an envelope that came by a content topic; None where
        there are none.
        """
        topics = self._topics.get(content_topic, {}).values()
        return list(dict.fromkeys(topic.get("symKey") for topic in topics))

    async def update(self, *, patience: float | None = None) -> None:
        """Brings it up to date: first by the whole list, then by what has changed since. A call
        tells of a new topic before it is answered: update before what it gave is delivered, and no
        answer is missed.

        Raises: what the daemon refuses, and what `changed` raises; the next update tells the same
        change again.
        """
        async with self._updating:
            while await self._step(patience):
                pass

    async def follow(self) -> None:
        """Keeps it up to date with the events of the account, without an end."""
        await self.update()
        async for event in self._client.events(self._account, after=self._seen):
            if event["type"] in ("topic.changed", "lagged"):
                await self.update()

    async def _step(self, patience: float | None) -> bool:
        """Takes the list, or some events; whether there may be more."""
        if self._seen is None:
            await self._list(patience)
            return False
        after = self._seen
        listed = await until_answered(
            lambda: self._client.event_list(account=self._account, after=after, limit=EVENTS),
            patience,
        )
        if listed["lagged"]:
            await self._list(patience)
            return False
        for event in listed["events"]:
            if event["type"] != "topic.changed":
                continue
            data = event["data"]
            peer = data["peer"]
            shared = await until_answered(
                lambda: self._client.topic_negotiated(account=self._account, identity=peer),
                patience,
            )
            topic: ListenedTopic = {
                "contentTopic": shared["contentTopic"],
                "kind": data["kind"],
                "peer": peer,
                "topic": shared["topic"],
            }
            if "symKey" in shared:
                topic["symKey"] = shared["symKey"]
            await self._change(topic, data["listen"])
            self._seen = event["seq"]
        self._seen = listed["next"]
        return len(listed["events"]) == EVENTS

    async def _list(self, patience: float | None) -> None:
        status = await until_answered(lambda: self._client.system_status(), patience)
        gone = {name: topic for of in self._topics.values() for name, topic in of.items()}
        after_peer: str | None = None
        while True:
            after = after_peer
            listed = await until_answered(
                lambda: self._client.topic_list(account=self._account, afterPeer=after), patience
            )
            for topic in listed["topics"]:
                if gone.pop(_name(topic), None) is None:
                    await self._change(topic, True)
            after_peer = listed["next"]
            if after_peer is None:
                break
        for topic in gone.values():
            await self._change(topic, False)
        self._seen = status["newestEvent"]

    async def _change(self, topic: ListenedTopic, is_listened: bool) -> None:
        content_topic = topic["contentTopic"]
        there = self._topics.get(content_topic, {})
        if is_listened:
            if not there:
                await self._tell(content_topic, True)
            self._topics[content_topic] = {**there, _name(topic): topic}
        elif _name(topic) in there:
            if len(there) == 1:
                await self._tell(content_topic, False)
                del self._topics[content_topic]
            else:
                del there[_name(topic)]

    async def _tell(self, content_topic: str, is_listened: bool) -> None:
        if self._changed is not None:
            await self._changed(content_topic, is_listened)


def _name(topic: ListenedTopic) -> tuple[str, str | None]:
    """What a topic is told apart by."""
    return topic["kind"], topic["peer"]
