"""Events, and connections that break."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from time import monotonic
from typing import Any, Protocol

import pytest
from websockets.sync.server import ServerConnection, serve

import ratchetd
from conftest import Daemon, toggles
from ratchetd import Client, EventInfo, NoAnswerError


def test_none_is_left_out_and_none_comes_twice_across_restarts(daemon: Daemon) -> None:
    with daemon.client() as calls:
        toggle = toggles(calls)
        next(toggle)
        for client in daemon.clients():
            after = calls.system_status()["newestEvent"]
            interruptions: list[Exception] = []
            seen: list[EventInfo] = []
            with client:
                events = client.events("alice", after=after, on_interruption=interruptions.append)
                for how in (signal.SIGKILL, signal.SIGTERM):
                    next(toggle)
                    seen.append(next(events))
                    # This one happens while nobody listens.
                    next(toggle)
                    daemon.kill(how)
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


class Fake(Protocol):
    """What answers a subscription in place of a daemon."""

    def __call__(self, subscription: dict[str, Any], connection: ServerConnection) -> None: ...


@contextmanager
def fake(answer: Fake) -> Iterator[str]:
    """A server of WebSockets that answers each first message so, and then closes; its URL."""

    def handler(connection: ServerConnection) -> None:
        answer(json.loads(connection.recv()), connection)

    with serve(handler, "127.0.0.1", 0) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.socket.getsockname()[1]}"
        listening.shutdown()
        thread.join()


def notification(seq: int, group: str) -> str:
    event = {"seq": seq, "type": "group.changed", "data": {"group": group}}
    params = {"subscription": "events-1", "result": event}
    said = {"jsonrpc": "2.0", "method": "event_notification", "params": params}
    return json.dumps(said, ensure_ascii=False)


def fail(error: Exception) -> None:
    raise error


def test_events_are_taken_in_any_size_and_order_and_each_once() -> None:
    # U+2028 and U+0085 end a line for Python. The library takes 1 MiB, unless it is told otherwise.
    large = "a\u2028b\x85c" + "d" * (3 << 20)
    subscriptions: list[dict[str, Any]] = []

    def answer(subscription: dict[str, Any], connection: ServerConnection) -> None:
        subscriptions.append(subscription["params"])
        # The first may come before the answer. That the second connection repeats some is wrong,
        # and a client that counts does not mind.
        connection.send(notification(5, "before"))
        connection.send(json.dumps({"jsonrpc": "2.0", "id": 1, "result": "events-1"}))
        connection.send(notification(7, large))
        if len(subscriptions) > 1:
            connection.send(notification(9, "last"))

    with fake(answer) as url, Client(url=url, token="x") as client:
        events = client.events("alice", after=3, on_interruption=fail)
        read = [event["data"] for event in itertools.islice(events, 3)]
        assert read == [{"group": group} for group in ("before", large, "last")]
        assert subscriptions == [{"account": "alice", "after": after} for after in (3, 7)]


def test_a_websocket_of_something_else_is_told_apart() -> None:
    for text in ("", "hello", "[]", "{}", '{"params":{}}'):
        with fake(lambda _, connection, text=text: connection.send(text)) as url:
            with Client(url=url, token="x") as client:
                with pytest.raises(NoAnswerError, match="not from ratchetd"):
                    next(client.events(after=0))


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_who_leaves_early_leaves_no_thread_and_no_socket(daemon: Daemon) -> None:
    # Clients of other tests, which nobody has closed, are not closed in the middle of this one.
    gc.collect()
    with daemon.client() as calls:
        next(toggles(calls))
    for client in daemon.clients():
        with client:
            client.system_version()
            threads, files = threading.active_count(), open_files()
            events = client.events("*", after=0)
            next(events)
            assert threading.active_count() > threads and open_files() > files
            of_library = set(threading.enumerate()) - {threading.current_thread()}
            events.close()
            for thread in of_library:
                thread.join(10)
            assert (threading.active_count(), open_files()) == (threads, files)

    async def main() -> None:
        for client in daemon.aio_clients():
            async with client:
                await client.system_version()
                tasks, files = len(asyncio.all_tasks()), open_files()
                async with aclosing(client.events("*", after=0)) as events:
                    await anext(events)
                    assert open_files() > files
                assert (len(asyncio.all_tasks()), open_files()) == (tasks, files)

    asyncio.run(main())


def test_closing_the_client_ends_its_streams(daemon: Daemon) -> None:
    with daemon.client() as calls:
        next(toggles(calls))
        newest = calls.system_status()["newestEvent"]
        for client in daemon.clients():
            began = threading.Event()
            seen: list[EventInfo] = []

            def listen(client: Client = client) -> None:
                for event in client.events("*", after=newest - 1):
                    seen.append(event)
                    began.set()

            listening = threading.Thread(target=listen)
            listening.start()
            assert began.wait(10)
            client.close()
            listening.join(10)
            assert not listening.is_alive() and len(seen) == 1
            assert list(client.events("*", after=0)) == []

    async def main() -> None:
        for client in daemon.aio_clients():
            events = client.events("*", after=newest - 1)
            await anext(events)
            waiting = asyncio.create_task(anext(events, None))
            await asyncio.sleep(0)
            await client.close()
            assert await waiting is None

    asyncio.run(main())


def test_a_daemon_that_hangs_is_left_all_the_same(daemon: Daemon) -> None:
    with daemon.client() as client:
        next(toggles(client))
        events = client.events("*", after=0)
        next(events)
        with daemon.hanging():
            begun = monotonic()
            events.close()
            assert monotonic() - begun < 5


def test_a_token_that_was_replaced_ends_a_stream(daemon: Daemon) -> None:
    with daemon.client() as calls:
        next(toggles(calls))
    with Client(url=daemon.url, token=daemon.token) as client:
        after = client.system_status()["newestEvent"]
        events = client.events("*", after=after - 1)
        next(events)
        daemon.kill()
        daemon.replace_token()
        daemon.start()
        with pytest.raises(NoAnswerError, match=r"rpc\.token|token") as raised:
            next(events)
        assert raised.value.status == 401
