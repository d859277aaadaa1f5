"""Events, and connections that break."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from contextlib import aclosing

import pytest

import ratchetd
from conftest import Daemon, toggles
from ratchetd import EventInfo
from ratchetd.protocol import EventStream


def test_none_is_left_out_and_none_comes_twice_across_kills(daemon: Daemon) -> None:
    with daemon.client() as calls:
        toggle = toggles(calls)
        next(toggle)
        for client in daemon.clients():
            after = calls.system_status()["newestEvent"]
            interruptions: list[Exception] = []
            seen: list[EventInfo] = []
            with client:
                events = client.events("alice", after=after, on_interruption=interruptions.append)
                for _ in range(2):
                    next(toggle)
                    seen.append(next(events))
                    # This one happens while nobody listens.
                    next(toggle)
                    daemon.kill()
                    starting = threading.Timer(0.2, daemon.start)
                    starting.start()
                    seen.append(next(events))
                    starting.join()
                events.close()
            kinds = ["installation.disabled", "installation.enabled"]
            assert [event["type"] for event in seen] == kinds * 2
            numbers = [event["seq"] for event in seen]
            assert numbers == sorted(set(numbers))
            assert interruptions


def test_asyncio_hears_the_same_and_can_be_cancelled(daemon: Daemon) -> None:
    async def main() -> None:
        with daemon.client() as calls:
            toggle = toggles(calls)
            next(toggle)
            after = calls.system_status()["newestEvent"]
            for client in daemon.aio_clients():
                async with client, aclosing(client.events("alice", after=after)) as events:
                    next(toggle)
                    first = await anext(events)
                    next(toggle)
                    daemon.kill()
                    second = asyncio.create_task(anext(events))
                    await asyncio.sleep(0.2)
                    daemon.start()
                    after = (await second)["seq"]
                    assert first["type"] == "installation.disabled"
                    assert first["seq"] < after
                    waiting = asyncio.create_task(anext(events))
                    await asyncio.sleep(0.1)
                    waiting.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await waiting

    asyncio.run(main())


def test_only_what_is_still_to_come_is_told_if_nothing_else_is_asked_for(daemon: Daemon) -> None:
    with daemon.client() as calls:
        toggle = toggles(calls)
        next(toggle)
        next(toggle)
        before = calls.system_status()["newestEvent"]
        for client in daemon.clients():
            with client:
                heard = threading.Event()

                # When the reader has begun is not to be seen from here.
                def go_on() -> None:
                    while not heard.wait(0.02):
                        next(toggle)

                making = threading.Thread(target=go_on)
                making.start()
                event = next(client.events("alice"))
                heard.set()
                making.join()
                assert event["seq"] > before


def test_a_cursor_of_elsewhere_is_told_as_lagged_and_types_tell_what_is_there(
    daemon: Daemon,
) -> None:
    with daemon.client() as client:
        next(toggles(client))
        events = list(itertools.islice(client.events("*", after=10**9), 2))
        assert events[0]["type"] == "lagged"
        assert events[1]["type"] == "installation.discovered"
        assert events[1]["data"]["own"] is False
        # The list ends; the stream goes on where it stands, after the events of others too.
        with pytest.raises(ratchetd.AccountNotFoundError):
            next(client.events("nobody"))


def test_a_stream_is_read_in_whatever_pieces_it_comes() -> None:
    # U+2028 and U+0085 end a line for Python, and not for the daemon.
    events = [
        {"seq": seq, "type": "group.changed", "data": {"group": "a\u2028b\x85c"}}
        for seq in (5, 7, 9)
    ]
    lines = [
        f"id: {event['seq']}\nevent: {event['type']}\n"
        f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
        for event in events
    ]
    text = ": here\nid: 3\n\n" + "".join(lines) + lines[0] + ": here\nid: 12\n\n" + "data: {"
    for size in (1, 2, 7, len(text)):
        stream = EventStream(3)
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        read = [event for piece in pieces for event in stream.feed(piece)]
        # What came before does not come again.
        assert read == events
        assert stream.after == 12
