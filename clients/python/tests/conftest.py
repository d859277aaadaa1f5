"""A real daemon in a scratch directory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ratchetd import Client, aio

TOP = Path(__file__).parents[3]
RATCHETD = os.environ.get("RATCHETD_BIN", str(TOP / "target/debug/ratchetd"))
# Memory, where there is some to write to: a kill loses nothing there, and no disk is waited for.
SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


# The configuration of a daemon that writes nothing that can be read later.
POST_QUANTUM_ONLY = '[ratchet]\nsuites = ["x25519-mlkem768"]\n'


class Daemon:
    """A daemon that can be killed and started again."""

    def __init__(self, config: str = "") -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="ratchetd-python-", dir=SCRATCH))
        self.socket = str(self.directory / "sock")
        self.url = ""
        self._config = self.directory / "config.toml"
        self._config.write_text(config)
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        """Starts it, on the port it had before."""
        address = self.url.removeprefix("http://") or "127.0.0.1:0"
        self._process = subprocess.Popen(
            [RATCHETD, "serve", "--data-dir", f"{self.directory}/data", "--socket", self.socket]
            + ["--http", address, "--config", str(self._config), "--log-filter", "error"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("listening on http:"):
                self.url = line.split()[-1]
                return
        raise AssertionError("the daemon did not start")

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends it, by default in the middle of whatever it does."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.communicate()
            self._process = None

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It does nothing for as long."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    @property
    def _token(self) -> Path:
        return self.directory / "data/rpc.token"

    @property
    def token(self) -> str:
        return self._token.read_text()

    def replace_token(self) -> None:
        """Has it make another at its next start."""
        self._token.unlink()

    def client(self) -> Client:
        return Client(self.socket)

    def clients(self) -> Iterator[Client]:
        """A client for each way to it."""
        yield Client(self.socket)
        yield Client(url=self.url, token=self.token)

    def aio_clients(self) -> Iterator[aio.Client]:
        yield aio.Client(self.socket)
        yield aio.Client(url=self.url, token=self.token)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.directory)


class Relay:
    """The relay of the examples, as a process of its own."""

    def __init__(self) -> None:
        program = TOP / "examples/relay.py"
        self._process = subprocess.Popen(
            [sys.executable, str(program), "0"], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1]

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    started = Daemon()
    yield started
    started.remove()


@pytest.fixture
def other_daemon() -> Iterator[Daemon]:
    started = Daemon()
    yield started
    started.remove()


@pytest.fixture
def post_quantum_daemon() -> Iterator[Daemon]:
    started = Daemon(POST_QUANTUM_ONLY)
    yield started
    started.remove()


@pytest.fixture
def relay() -> Iterator[Relay]:
    started = Relay()
    yield started
    started.stop()


def toggles(client: Client) -> Iterator[None]:
    """Makes an event of alice at each step: the device of another is disabled, or enabled."""
    client.account_create(account="alice")
    bob = client.account_create(account="bob")
    bundle = client.bundle_get(account="bob")["bundle"]
    client.bundle_import(account="alice", bundle=bundle)
    device = {"account": "alice", "identity": bob["publicKey"]}
    while True:
        for method in (client.installation_disable, client.installation_enable):
            yield
            method(**device, installationId=bob["installationId"])
