# Made by scripts/generate.py from aio/client.py. Do not edit.
"""A client of one daemon."""

from __future__ import annotations

import time
import itertools
import os
from collections.abc import Generator, Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect, unix_connect
from websockets.exceptions import WebSocketException

from .. import protocol
from .._generated import Methods, EventInfo


class Client(Methods):
    """A client of one daemon, over its Unix socket or over HTTP.

    It has a method for each of the interface, with the same name and parameters:
    `client.message_encrypt(recipient=key, text="hello")`. Each raises a `RatchetdError`, of
    the class for what went wrong, or a `NoAnswerError`.
    """

    def __init__(
        self,
        socket: str | os.PathLike[str] | None = None,
        *,
        url: str | None = None,
        token: str | None = None,
        timeout: float = 90.0,
    ) -> None:
        """`socket` is where the daemon listens, by default where it does by default. With a `url`,
        as `http://127.0.0.1:8645`, goes the `token` that rpc.token in its data directory holds.
        `timeout` is how long to wait for an answer, in seconds: some calls wait for a minute on
        purpose.
        """
        self._address = protocol.Address(socket, url, token)
        self._ids = itertools.count(1)
        # With a transport given, no proxy of the environment gets to see the token.
        transport = httpx.HTTPTransport(
            verify=self._address.tls or False, uds=self._address.socket, limits=protocol.CALLS
        )
        self._calls = httpx.Client(
            transport=transport,
            headers=self._address.headers,
            timeout=httpx.Timeout(timeout, pool=None),
        )
        # A stream of events is a WebSocket of its own.
        self._connect: Callable[..., AbstractContextManager[ClientConnection]] = connect
        if self._address.socket is not None:
            self._connect = partial(unix_connect, self._address.socket)
        self._websocket: dict[str, Any] = {
            **protocol.WEBSOCKET,
            "uri": self._address.websocket,
            "additional_headers": self._address.headers,
            "open_timeout": timeout,
        }
        if self._address.tls is not None:
            self._websocket["ssl"] = self._address.tls
        self._websockets: set[ClientConnection] = set()

    def call(self, method: str, params: Mapping[str, object]) -> Any:
        """Calls a method by its name. A parameter that is None is as good as left out, and bytes
        become hex digits.
        """
        call_id = next(self._ids)
        body = protocol.encode(call_id, method, params)
        headers = {"content-type": "application/json"}
        try:
            answer = self._calls.post(f"{self._address.base}/", content=body, headers=headers)
        except httpx.TransportError as error:
            raise self._address.unreachable(error) from error
        return protocol.outcome(answer.status_code, answer.content, call_id)

    def events(
        self,
        account: str | None = None,
        *,
        after: int | None = None,
        on_interruption: Callable[[Exception], object] = lambda _: None,
    ) -> Generator[EventInfo, None, None]:
        """Events of an account, or of all with `*`, as they come.

        It begins with what is still to come, or behind the event `after`: 0 for all that are kept.
        When the connection breaks it is opened again, and the stream goes on where it was: nothing
        is left out and nothing comes twice. An event `lagged` means that some are no longer there:
        ask for the lists anew then. Keep the `seq` of what was handled, and give it as `after` next
        time.

        Raises: what the daemon says where trying again is of no use, such as a wrong token.
        `on_interruption` is told of anything else.
        """
        failures = 0
        while not self._calls.is_closed:
            try:
                if after is None:
                    after = (self.system_status())["newestEvent"]
                with self._connect(**self._websocket) as websocket:
                    self._websockets.add(websocket)
                    try:
                        # `close` may have come in between, and not have seen this one.
                        if self._calls.is_closed:
                            return
                        params = {"account": account, "after": after}
                        call = protocol.encode(1, "event_subscribe", params)
                        websocket.send(call, text=True)
                        for message in websocket:
                            failures = 0
                            event = protocol.notified(message)
                            # The mark may lead back: to the beginning of another data directory.
                            if event and (event["type"] == "lagged" or event["seq"] > after):
                                after = event["seq"]
                                yield event
                    finally:
                        self._websockets.discard(websocket)
            except (OSError, WebSocketException) as cause:
                error = self._address.unreachable(cause)
                if not protocol.is_transient(error):
                    raise error from cause
                on_interruption(error)
            except Exception as error:
                if self._calls.is_closed:
                    return
                if not protocol.is_transient(error):
                    raise
                on_interruption(error)
            time.sleep(protocol.delay(failures))
            failures += 1

    def close(self) -> None:
        """Lets go of connections that are held, and ends streams of events."""
        self._calls.close()
        for websocket in list(self._websockets):
            websocket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
