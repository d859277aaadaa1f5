# Made by scripts/generate.py from aio/retry.py. Do not edit.
"""Calls that are repeated until there is an answer."""

from __future__ import annotations

import time
import itertools
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from .. import protocol

Result = TypeVar("Result")


def until_answered(call: Callable[[], Result], patience: float | None) -> Result:
    """Repeats a call until there is an answer: a result, or an error that is one. The call has to
    be one that may be made twice.

    patience: how long to go on, in seconds. Without it there is no end.
    """
    end = None if patience is None else monotonic() + patience
    for attempt in itertools.count():
        try:
            return call()
        except Exception as error:
            if not protocol.is_no_answer(error) or (end is not None and monotonic() >= end):
                raise
        time.sleep(protocol.delay(attempt))
    raise AssertionError("it counts without an end")
