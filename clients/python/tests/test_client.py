"""Calls, and what becomes of them."""

from __future__ import annotations

import asyncio
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import ratchetd
from conftest import RATCHETD, Daemon
from ratchetd import Client, NoAnswerError, RatchetdError, aio, protocol

PACKAGE = Path(__file__).parents[1]


def test_a_message_goes_from_one_account_to_another_on_every_way(daemon: Daemon) -> None:
    for number, client in enumerate(daemon.clients()):
        with client:
            alice, bob = f"alice-{number}", f"bob-{number}"
            sender = client.account_create(account=alice)["publicKey"]
            recipient = client.account_create(account=bob)["publicKey"]
            client.bundle_import(account=alice, bundle=client.bundle_get(account=bob)["bundle"])
            sent = client.message_encrypt(account=alice, recipient=recipient, text="żółw 🐢")
            assert sent["forwardSecrecy"]
            message = sent["envelopes"][0]["message"]
            read = client.message_decrypt(account=bob, sender=sender, message=message)
            assert read["outcome"] == "decrypted" and read.get("text") == "żółw 🐢"
            # Bytes go as they are, too.
            sent = client.message_encrypt(account=bob, recipient=sender, payload=b"\x00\xff")
            message_bytes = ratchetd.from_hex(sent["envelopes"][0]["message"])
            read = client.message_decrypt(account=alice, sender=recipient, message=message_bytes)
            assert read["outcome"] == "decrypted" and read["payload"] == "0x00ff"
            ids = [read["messageId"]]
            assert client.message_confirm(account=alice, messageIds=ids)["confirmed"] == 1


def test_it_does_the_same_with_asyncio(daemon: Daemon) -> None:
    async def converse(client: aio.Client, number: int) -> None:
        async with client:
            alice, bob = f"alice-{number}", f"bob-{number}"
            sender = (await client.account_create(account=alice))["publicKey"]
            recipient = (await client.account_create(account=bob))["publicKey"]
            sent = await client.message_encrypt(account=alice, recipient=recipient, text="hello")
            message = sent["envelopes"][0]["message"]
            read = await client.message_decrypt(account=bob, sender=sender, message=message)
            assert read["outcome"] == "decrypted" and read.get("text") == "hello"
            # More calls at once than the daemon takes connections.
            versions = await asyncio.gather(*(client.system_version() for _ in range(120)))
            assert all(version["protocol"] == 1 for version in versions)
            with pytest.raises(ratchetd.AccountExistsError):
                await client.account_create(account=alice)

    async def main() -> None:
        for number, client in enumerate(daemon.aio_clients()):
            await converse(client, number)

    asyncio.run(main())


def test_threads_share_a_client(daemon: Daemon) -> None:
    with daemon.client() as client:
        names = [f"account-{number}" for number in range(8)]
        made: dict[str, str] = {}

        def make(name: str) -> None:
            made[name] = client.account_create(account=name)["account"]

        threads = [threading.Thread(target=make, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert made == {name: name for name in names}


def test_an_error_is_of_the_class_of_its_kind_and_says_what_to_do(daemon: Daemon) -> None:
    for client in daemon.clients():
        with client, pytest.raises(ratchetd.InvalidKeyError) as raised:
            client.account_create(account=f"alice{len(client.account_list())}")
            client.message_encrypt(account="alice0", recipient="nobody", text="x")
        error = raised.value
        assert (error.kind, error.code, error.field) == ("invalid_key", -32602, "recipient")
        assert error.hint and not error.is_transient
        # Whoever sees nothing but an uncaught error knows what to do.
        assert str(error).startswith("recipient: ") and str(error).endswith(f"(hint: {error.hint})")
    with daemon.client() as client:
        with pytest.raises(ratchetd.AccountNotFoundError):
            client.account_get(account="nobody")
        with pytest.raises(ratchetd.MethodNotFoundError):
            client.call("nothing_here", {})
        # Half a surrogate pair, which has no UTF-8, and more than the daemon takes.
        with pytest.raises(ratchetd.InvalidParamsError, match="surrogate|UTF|text"):
            client.account_create(account="\ud83d")
        with pytest.raises(ratchetd.InvalidRequestError, match="10 MiB"):
            client.account_create(account="x" * (11 << 20))
        for none in (float("nan"), {1, 2}):
            with pytest.raises((ValueError, TypeError), match="JSON"):
                client.call("system_version", {"x": none})


def test_every_kind_of_error_has_a_class() -> None:
    for kind, of in ratchetd.ERRORS.items():
        error = of(1, "no", {"kind": kind, "hint": "wait"})
        assert isinstance(error, RatchetdError) and error.kind == kind and error.hint == "wait"
    assert ratchetd.BusyError(1, "no").is_transient
    later = protocol.failure({"code": 1, "message": "no", "data": {"kind": "of_tomorrow"}})
    assert type(later) is RatchetdError and later.kind == "of_tomorrow"


@contextmanager
def server(
    status: int, body: str, location: str = "", tokens: list[str] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """A server that answers everything with the same; its URL, and what was asked. The tokens that
    are shown to it go into `tokens`.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            if tokens is not None and (shown := self.headers.get("authorization")):
                tokens.append(shown)
            self.rfile.read(int(self.headers.get("content-length", "0")))
            self.send_response(status)
            if location:
                self.send_header("location", location)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}", asked
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "is_transient", "message"),
    [
        (401, False, r"rpc\.token"),
        (403, False, "allowed_hosts"),
        (404, False, "URL"),
        (413, False, "send less"),
        (429, True, "later"),
        (502, True, "502"),
        (200, True, "not from ratchetd"),
    ],
)
def test_another_server_is_told_apart(status: int, is_transient: bool, message: str) -> None:
    for body in ("", "<html>", "[]", '"x"', '{"jsonrpc":"2.0","id":99,"result":1}'):
        with server(status, body) as (url, _), Client(url=url, token="x") as client:
            with pytest.raises(NoAnswerError, match=message) as raised:
                client.system_version()
            assert raised.value.status == status
            if status != 200:
                assert raised.value.is_transient == is_transient
            if not is_transient or status == 200:
                # It is refused again, however often it is tried.
                with pytest.raises(NoAnswerError, match=message):
                    next(client.events(after=0))


def test_what_the_daemon_says_of_a_refusal_is_what_it_says() -> None:
    said = '{"error":{"code":1,"message":"no room","data":{"kind":"busy","hint":"wait"}}}'
    with server(429, said) as (url, _), Client(url=url, token="x") as client:
        with pytest.raises(ratchetd.BusyError):
            client.system_version()
    with server(401, said) as (url, _), Client(url=url, token="x") as client:
        with pytest.raises(NoAnswerError, match="no room: wait"):
            client.system_version()


def test_a_missing_daemon_and_a_wrong_token_are_told_with_what_to_do(daemon: Daemon) -> None:
    with Client(url=daemon.url, token="wrong-wrong-wrong-wrong") as client:
        with pytest.raises(NoAnswerError, match=r"rpc\.token|token") as raised:
            client.system_version()
        assert raised.value.status == 401 and not raised.value.is_transient
    with Client(f"{daemon.socket}.not") as client:
        with pytest.raises(NoAnswerError, match="ratchetd serve"):
            client.system_version()
    with Client(url="http://127.0.0.1:1", token="x") as client:
        with pytest.raises(NoAnswerError, match="--http 127.0.0.1:1"):
            client.system_version()
    for url in ("", "127.0.0.1:8645", "localhost:8645"):
        with pytest.raises(ValueError, match="url: .*http://127"):
            Client(url=url, token="x")
    for token in ("", "two words", None):
        with pytest.raises(ValueError, match=r"token: .*rpc\.token"):
            Client(url="http://127.0.0.1:1", token=token)
    with pytest.raises(ValueError):
        Client(daemon.socket, url=daemon.url, token="x")
    with pytest.raises(ValueError):
        Client(token="x")


def test_certificates_are_looked_at_wherever_there_are_some(tmp_path: Path) -> None:
    for url, has_tls in [("http://x", False), ("https://x", True), ("HTTPS://x", True)]:
        assert (protocol.Address(None, url, "x").tls is not None) == has_tls
    assert protocol.Address("/s", None, None).tls is None
    # One that nobody has signed.
    certificate = str(tmp_path / "certificate.pem")
    program = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    files = ["-keyout", certificate, "-out", certificate + ".crt"]
    subprocess.run([*program, *files], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate + ".crt", certificate)
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as listening:
        listening.socket = context.wrap_socket(listening.socket, server_side=True)

        def refuse_twice() -> None:
            listening.handle_request()
            listening.handle_request()

        thread = threading.Thread(target=refuse_twice)
        thread.start()
        with Client(url=f"HTTPS://localhost:{listening.server_address[1]}", token="x") as client:
            with pytest.raises(NoAnswerError, match="CERTIFICATE_VERIFY_FAILED"):
                client.system_version()
            reasons: list[str] = []

            def interrupted(error: Exception) -> None:
                reasons.append(str(error))
                client.close()

            assert list(client.events(after=0, on_interruption=interrupted)) == []
            assert "CERTIFICATE_VERIFY_FAILED" in reasons[0]
        thread.join()


def test_the_token_is_shown_to_no_proxy(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    with server(502, "") as (proxy, asked):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with Client(url=daemon.url, token=daemon.token) as client:
            assert client.system_version()["protocol"] == 1
            assert next(client.events("*", after=10**9))["type"] == "lagged"
        assert asked == []


def test_the_token_is_shown_to_no_server_that_another_leads_to() -> None:
    tokens: list[str] = []
    with server(401, "", tokens=tokens) as (other, _):
        for leads_to in (other, other.replace("http", "ws")):
            with server(302, "", leads_to) as (url, _), Client(url=url, token="x") as client:
                with pytest.raises(NoAnswerError):
                    client.system_version()
                with pytest.raises(NoAnswerError) as raised:
                    next(client.events(after=0))
                assert not raised.value.is_transient
    assert tokens == []


def test_a_daemon_below_a_path_of_a_proxy_is_asked_there() -> None:
    for path in ("/accounts/alice", "/accounts/alice/", "/accounts/alice/?x=1"):
        with server(401, "") as (url, asked), Client(url=url + path, token="x") as client:
            with pytest.raises(NoAnswerError):
                client.system_version()
            with pytest.raises(NoAnswerError):
                next(client.events("alice", after=0))
            assert asked == ["POST /accounts/alice/", "GET /accounts/alice/"]


def test_a_call_has_a_time(daemon: Daemon) -> None:
    with daemon.client() as client:
        newest = client.system_status()["newestEvent"]
    with Client(daemon.socket, timeout=2) as client:
        with pytest.raises(NoAnswerError, match="in time"):
            client.event_list(account="*", after=newest, waitMs=60_000)
        assert client.system_version()["protocol"] == 1


def test_the_socket_is_where_the_daemon_puts_it() -> None:
    socket = ratchetd.default_socket
    full = {"RATCHETD_SOCKET": "/s", "XDG_RUNTIME_DIR": "/run", "RATCHETD_DATA_DIR": "/d"}
    assert socket(full) == "/s"
    assert socket({**full, "RATCHETD_SOCKET": ""}) == "/run/ratchetd.sock"
    assert socket({"RATCHETD_DATA_DIR": "/d", "HOME": "/h"}) == "/d/ratchetd.sock"
    assert socket({"XDG_DATA_HOME": "/x"}) == "/x/ratchetd/ratchetd.sock"
    assert socket({"HOME": "/h"}) == "/h/.local/share/ratchetd/ratchetd.sock"


def test_bytes_are_hex_and_nothing_else_is() -> None:
    assert ratchetd.from_hex("0x0001ff") == b"\x00\x01\xff"
    for none in ("", "00", "0x0", "0xzz"):
        with pytest.raises(ValueError):
            ratchetd.from_hex(none)


def test_what_is_made_from_the_interface_is_current(tmp_path: Path) -> None:
    document = subprocess.run([RATCHETD, "openrpc"], capture_output=True, check=True).stdout

    def check(document: bytes) -> subprocess.CompletedProcess[bytes]:
        program = [sys.executable, str(PACKAGE / "scripts/generate.py"), "--check"]
        return subprocess.run(program, input=document, capture_output=True)

    made = check(document)
    assert made.returncode == 0, made.stderr
    # It can fail.
    other = check(document.replace(b'"account_list"', b'"account_listed"'))
    assert b"not current: _generated.py" in other.stderr
    version = (PACKAGE.parents[1] / "Cargo.toml").read_text().split('version = "')[1].split('"')[0]
    assert f'version = "{version}"' in (PACKAGE / "pyproject.toml").read_text()
    assert ratchetd.VERSION == version
