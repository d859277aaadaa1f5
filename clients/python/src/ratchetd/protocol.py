"""What goes over a connection, and what becomes of it."""

from __future__ import annotations

import json
import logging
import os
import random
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import httpx
from websockets.exceptions import InvalidStatus, InvalidURI

from ._generated import ERRORS, EventInfo
from .errors import NoAnswerError, RatchetdError

# How long to wait before something is tried again, in seconds: first, and at most.
FIRST_DELAY = 0.1
LONGEST_DELAY = 10.0

# The daemon runs at most 256 connections at once. Calls past these wait for their turn.
CALLS = httpx.Limits(max_connections=100, max_keepalive_connections=20)
# The library logs what `on_interruption` is told. Who asks for it finds it here.
_LOGGER = logging.getLogger("ratchetd")
_LOGGER.addHandler(logging.NullHandler())

# How a WebSocket is opened. No proxy of the environment gets to see the token, and what the daemon
# says may be of any size. So many events wait to be taken; past these it is not read, and in the
# end is lost: the others wait at the daemon. A daemon that hangs is not waited for at the end.
WEBSOCKET: dict[str, Any] = {
    "compression": None,
    "proxy": None,
    "max_size": None,
    "max_queue": 1000,
    "close_timeout": 1.0,
    "logger": _LOGGER,
}

_MEANINGS = {
    200: "what was answered is not from ratchetd: is the URL right?",
    302: "the URL leads to another one: is it that of the daemon?",
    401: "the token is missing or wrong: it is in rpc.token in the daemon's data directory, or "
    "where --token-file says",
    403: "the daemon does not admit this user or this host: see allowed_uids and allowed_hosts in "
    "the table rpc of its configuration",
    404: "there is no daemon at this address: is the URL the one that `ratchetd serve` printed?",
    413: "the request is too large: send less at once",
    429: "as many connections are open as may be, or there is no room for this request: try again "
    "later",
}


def default_socket(environment: Mapping[str, str] = os.environ) -> str:
    """Where the daemon's socket is if nothing else was said to it."""
    if socket := environment.get("RATCHETD_SOCKET"):
        return socket
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        return f"{runtime}/ratchetd.sock"
    if data := environment.get("RATCHETD_DATA_DIR"):
        return f"{data}/ratchetd.sock"
    share = environment.get("XDG_DATA_HOME") or f"{environment.get('HOME', '')}/.local/share"
    return f"{share}/ratchetd/ratchetd.sock"


def from_hex(text: str) -> bytes:
    """The bytes of `0x` and hex digits, as results have them."""
    if not text.startswith("0x"):
        raise ValueError("bytes are 0x and hex digits")
    return bytes.fromhex(text[2:])


class Address:
    """Where a daemon is: its socket, or a URL with a token."""

    def __init__(
        self, socket: str | os.PathLike[str] | None, url: str | None, token: str | None
    ) -> None:
        self.socket: str | None = None
        self.base = "http://localhost"
        self.tls: ssl.SSLContext | None = None
        self.headers: dict[str, str] = {}
        if url is None:
            if token is not None:
                raise ValueError("a token goes with a url: a socket needs none")
            self.socket = os.fspath(socket) if socket is not None else default_socket()
            return
        if socket is not None:
            raise ValueError("give a socket or a url")
        if httpx.URL(url).scheme not in ("http", "https"):
            raise ValueError("url: give one as http://127.0.0.1:8645, which the daemon printed")
        token = (token or "").strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError("token: give what rpc.token in the daemon's data directory holds")
        if httpx.URL(url).scheme == "https":
            self.tls = httpx.create_ssl_context()
        self.base = url.split("?")[0].rstrip("/")
        self.headers["authorization"] = f"Bearer {token}"

    @property
    def websocket(self) -> str:
        """Its URL for a WebSocket."""
        return f"ws{self.base[4:]}/"

    def unreachable(self, error: Exception) -> Exception:
        """Why there is no answer, and what to do."""
        if isinstance(error, InvalidStatus):
            return refusal(error.response.status_code, bytes(error.response.body or b""))
        if isinstance(error, InvalidURI):
            # Ours is one. That of a redirection is none of a WebSocket.
            return refusal(302, b"")
        if isinstance(error, (httpx.TimeoutException, TimeoutError)):
            return NoAnswerError("the daemon did not answer in time")
        # What is no error of HTTP or of a WebSocket is one of the socket below.
        if not isinstance(error, (httpx.ConnectError, OSError)):
            return NoAnswerError(f"the connection to the daemon broke: {error}")
        if self.socket is None:
            host = httpx.URL(self.base).netloc.decode()
            return NoAnswerError(
                f"no daemon answers at {self.base} ({error}): start one with "
                f"`ratchetd serve --http {host}`, or see where yours listens"
            )
        if Path(self.socket).exists() and not os.access(self.socket, os.W_OK):
            hint = "run as the daemon's own user, or widen the socket with --socket-mode"
        else:
            hint = "start one with `ratchetd serve`, or name the socket where yours listens"
        return NoAnswerError(f"no daemon answers at {self.socket} ({error}): {hint}")


def encode(call_id: int, method: str, params: Mapping[str, object]) -> bytes:
    """A call as it is sent. To the daemon, null is left out."""
    message = {"jsonrpc": "2.0", "id": call_id, "method": method, "params": dict(params)}
    return json.dumps(message, default=_to_hex, allow_nan=False).encode()


def _to_hex(value: object) -> str:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"0x{value.hex()}"
    raise TypeError(f"JSON does not have a {type(value).__name__}")


def outcome(status: int, body: bytes, call_id: int) -> Any:
    """The result that was answered, or the error as an exception."""
    if status != 200:
        raise refusal(status, body)
    try:
        answer = cast(dict[str, Any], dict(json.loads(body)))
        if "error" in answer:
            raise failure(answer["error"])
        if answer["id"] != call_id:
            raise KeyError("id")
        return answer["result"]
    except (ValueError, KeyError, TypeError) as error:
        raise NoAnswerError(_MEANINGS[200], status) from error


def notified(message: str | bytes) -> EventInfo | None:
    """The event that a message of a subscription tells of. The answer to the subscription tells of
    none.
    """
    try:
        said = cast(dict[str, Any], dict(json.loads(message)))
        if "error" in said:
            raise failure(said["error"])
        return None if "result" in said else said["params"]["result"]
    except (ValueError, KeyError, TypeError) as error:
        raise NoAnswerError(_MEANINGS[200], 101) from error


def failure(error: Mapping[str, Any]) -> RatchetdError:
    """An error that the daemon answered, as the exception of its kind."""
    data = cast(dict[str, Any], error.get("data") or {})
    return ERRORS.get(data.get("kind", ""), RatchetdError)(error["code"], error["message"], data)


def refusal(status: int, body: bytes) -> Exception:
    """Why a request was refused. What is before the daemon, or another server, has other words."""
    try:
        error = failure(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError, AttributeError):
        meaning = _MEANINGS.get(status, f"the daemon answered with status {status}")
        return NoAnswerError(meaning, status)
    # Nothing is wrong with a request of these, but with who makes it, or with the way.
    if status in (401, 403, 408) or status >= 500:
        return NoAnswerError(
            f"{error.message}: {error.hint}" if error.hint else error.message, status
        )
    return error


def delay(attempt: int) -> float:
    """How long to wait before the next attempt: longer each time, and not as long as others."""
    return min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(attempt, 10)) * random.uniform(0.5, 1.0)


def is_transient(error: Exception) -> bool:
    """Whether to try again after this."""
    return isinstance(error, (NoAnswerError, RatchetdError)) and error.is_transient


def is_no_answer(error: Exception) -> bool:
    """Whether an error says nothing but that the daemon is not there, or has no time."""
    if isinstance(error, RatchetdError):
        return error.kind in ("busy", "shutting_down")
    return is_transient(error)
