"""Calls that are repeated until there is an answer."""

from __future__ import annotations

import asyncio  # time
import itertools
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from .. import protocol

Result = TypeVar("Result")


async def until_answered(call: Callable[[], Awaitable[Result]], patience: float | None) -> Result:
    """Repeats a call until there is an answer: a result, or an error that is one. The call has to
    be one that may be made twice.

    patience: how long to go on, in seconds. Without it there is no end.
    """
    end = None if patience is None else monotonic() + patience
    for attempt in itertools.count():
        try:
            return await call()
        except Exception as error:
            if not protocol.is_no_answer(error) or (end is not None and monotonic() >= end):
                raise
        await asyncio.sleep(protocol.delay(attempt))
    raise AssertionError("it counts without an end")
