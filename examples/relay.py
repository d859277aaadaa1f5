#!/usr/bin/env python3
"""A relay: it keeps what it is given under a content topic, and gives it to whoever asks for that
topic. It speaks as clients/typescript/examples/relay.ts does.

    python3 relay.py [PORT]

    POST /waku/1/0x…/rfc26            an envelope, as it is: 204
    GET  /waku/1/0x…/rfc26?after=N    what came after the Nth: {"next": M, "envelopes": ["0x…"]}

It knows nobody and cannot read what it carries. Whoever reaches it can post, and can take what is
there: those at the ends notice. Everything is in memory, and gone with the process. A real relay is
a network, such as Waku; this one is for trying things out.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CONTENT_TOPIC = re.compile(r"/waku/1/0x[0-9a-f]{8}/rfc26")
# Largest envelope: a message of the largest size, and what goes around it.
MAX_ENVELOPE_BYTES = 5 << 20
# When more than this is kept, the oldest go.
MAX_KEPT_BYTES = 256 << 20
# Who gets fewer than there are asks again. One envelope may have more.
MAX_ANSWER_BYTES = 8 << 20


class Kept:
    """The envelopes that are there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._envelopes: deque[tuple[int, str, bytes]] = deque()
        self._bytes = 0
        # Not from 0: whoever knows numbers of the process before gets what is new all the same.
        self._last = int(time.time() * 1000)

    def keep(self, topic: str, envelope: bytes) -> None:
        with self._lock:
            self._last += 1
            self._envelopes.append((self._last, topic, envelope))
            self._bytes += len(envelope)
            while self._bytes > MAX_KEPT_BYTES:
                self._bytes -= len(self._envelopes.popleft()[2])

    def after(self, topic: str, last: int) -> dict[str, object]:
        found: list[str] = []
        room = MAX_ANSWER_BYTES
        with self._lock:
            for number, at, envelope in self._envelopes:
                if number <= last or at != topic:
                    continue
                room -= len(envelope)
                if room < 0 and found:
                    break
                found.append(f"0x{envelope.hex()}")
                last = number
        return {"next": last, "envelopes": found}


KEPT = Kept()


class Relay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        if length > MAX_ENVELOPE_BYTES:
            self.close_connection = True
            return self._answer(
                413, {"error": f"an envelope has at most {MAX_ENVELOPE_BYTES} bytes"}
            )
        envelope = self.rfile.read(length)
        if not CONTENT_TOPIC.fullmatch(self.path):
            return self._no_topic()
        if not envelope:
            return self._answer(400, {"error": "the body is an envelope, as it is"})
        KEPT.keep(self.path, envelope)
        self._answer(204)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if not CONTENT_TOPIC.fullmatch(url.path):
            return self._no_topic()
        after = parse_qs(url.query).get("after", ["0"])[0]
        if not re.fullmatch(r"[0-9]{1,15}", after):
            return self._answer(400, {"error": "after is the `next` of the answer before"})
        self._answer(200, KEPT.after(url.path, int(after)))

    def _no_topic(self) -> None:
        self._answer(
            404, {"error": "the path is a content topic: /waku/1/0x, 8 hex digits, /rfc26"}
        )

    def _answer(self, status: int, said: object = None) -> None:
        body = b"" if said is None else json.dumps(said).encode() + b"\n"
        self.send_response(status)
        if body:
            self.send_header("content-type", "application/json")
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    host = os.environ.get("RELAY_HOST", "127.0.0.1")
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8646
    try:
        server = ThreadingHTTPServer((host, port), Relay)
    except OSError as error:
        sys.exit(f"relay.py: {host}:{port}: {error.strerror}: name another port: relay.py PORT")
    print(f"relaying on http://{host}:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
