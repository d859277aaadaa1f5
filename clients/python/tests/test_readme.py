"""What the READMEs of the client and of the examples tell people to do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import TOP, Daemon

PACKAGE = TOP / "clients/python"
README = (PACKAGE / "README.md").read_text()
BOT = (TOP / "examples/bot/README.md").read_text()
EXAMPLES = (TOP / "examples/README.md").read_text()


def programs(how: str) -> list[str]:
    """The programs of the README with this mark above them."""
    found = re.findall(r"(?:<!-- (\w+) -->\n)?```python\n(.*?)```", README, re.DOTALL)
    assert all(mark in ("runs", "compiles") for mark, _ in found), "a program that nothing tries"
    return [program for mark, program in found if mark == how]


def commands(document: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", document, re.DOTALL)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody whose home is empty, but for what pip has fetched before."""
    cache = subprocess.run(
        [sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=True
    )
    taken = {"XDG_RUNTIME_DIR", "XDG_DATA_HOME", "RATCHETD_SOCKET", "VIRTUAL_ENV"}
    kept = {name: value for name, value in os.environ.items() if name not in taken}
    return {**kept, "HOME": str(tmp_path), "PIP_CACHE_DIR": cache.stdout.strip()}


def test_the_client_is_installed_and_runs_as_its_readme_says(
    daemon: Daemon, home: dict[str, str], tmp_path: Path
) -> None:
    def run(command: str, directory: Path) -> str:
        program = ["bash", "-euc", command]
        done = subprocess.run(program, cwd=directory, env=home, stdout=subprocess.PIPE, text=True)
        assert done.returncode == 0, command
        return done.stdout

    install, start = commands(README)
    run(install, PACKAGE)
    home["RATCHETD_SOCKET"] = daemon.socket
    hello, files = programs("runs")
    # On a daemon that has met nobody, and again.
    for program in (hello, hello, files):
        (tmp_path / "hello.py").write_text(program)
        printed = run(start, tmp_path).strip()
        assert printed and f"prints `{printed}`" in README
    # What was installed has its types.
    packages = next((tmp_path / "hello/lib").glob("*/site-packages"))
    assert (packages / "ratchetd/py.typed").exists()


def test_the_programs_of_the_readme_have_the_right_types(tmp_path: Path) -> None:
    every = programs("runs") + programs("compiles")
    assert len(every) >= 5
    call = 'Client().message_encrypt(recipient="x", payload=b"", text="")'
    wrong = f"from ratchetd import Client\n{call}\n"
    for number, program in enumerate([*every, wrong]):
        (tmp_path / f"program{number}.py").write_text(program)
    check = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(tmp_path)]
    checked = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
    # The types know of parameters that exclude each other.
    said = checked.stdout + checked.stderr
    first, *others = said.splitlines()
    assert first.startswith(f"program{len(every)}.py:2: error: No overload variant"), said
    assert all(" note: " in line for line in others), said


def test_the_bot_is_set_up_and_talked_to_as_its_readme_says(
    daemon: Daemon, home: dict[str, str], tmp_path: Path
) -> None:
    install, relay, start, talk = commands(BOT)[:4]
    assert relay in commands(EXAMPLES) and talk.startswith("examples/bash-chat/chat.sh alice ")
    assert "examples/bash-chat/chat.sh alice\n" in EXAMPLES
    home["RATCHETD_SOCKET"] = daemon.socket
    running: list[subprocess.Popen[str]] = []

    def begin(command: str, **more: str) -> subprocess.Popen[str]:
        # The line is the last of its shell, so that killing it kills the program.
        *before, last = command.strip().split(" && ")
        started = subprocess.Popen(
            ["bash", "-euc", "\n".join([*before, f"exec {last}"])],
            cwd=TOP,
            env={**home, **more},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        running.append(started)
        return started

    def first_line(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return process.stdout.readline().split()[-1]

    try:
        subprocess.run(["bash", "-euc", install], cwd=TOP, env=home, stdout=-3, check=True)
        # A port of its own: somebody may have a relay.
        url = first_line(begin(relay.replace("relay.py", "relay.py 0")))
        code = first_line(begin(start, BOT_RELAY=url))
        chat = begin(talk, RELAY=url, CODE=code)
        first_line(chat)
        assert chat.stdin is not None and chat.stdout is not None
        chat.stdin.write("/help\n")
        said = [chat.stdout.readline(), chat.stdout.readline()]
        assert "I am a bot" in said[0] and "/time tells" in said[1]
        assert (tmp_path / ".local/share/ratchetd-bot/bot.db").exists()
        chat.stdin.close()
        assert chat.wait(30) == 0
    finally:
        for process in running:
            process.kill()
            process.wait()
