#!/usr/bin/env bash
# What a change of the client or of the examples must pass. Takes the program from RATCHETD_BIN, or target/debug/ratchetd.
set -euo pipefail
cd "$(dirname "$0")"

for tool in python3 jq curl openssl basenc; do
  command -v "$tool" >/dev/null || { echo "$tool is needed" >&2; exit 1; }
done
export PIP_DISABLE_PIP_VERSION_CHECK=1
[[ -x .venv/bin/pip ]] || python3 -m venv .venv
.venv/bin/pip install -q -e '.[attachments,check]'
.venv/bin/ruff check --config pyproject.toml --quiet . ../../examples
.venv/bin/ruff format --config pyproject.toml --quiet --check . ../../examples
.venv/bin/mypy
.venv/bin/pyright --pythonpath .venv/bin/python
.venv/bin/pytest
