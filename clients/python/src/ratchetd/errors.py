"""What can go wrong."""

from __future__ import annotations

from typing import Any, cast

# The same call may work later.
_TRANSIENT = {"busy", "shutting_down", "store_failed", "internal"}


class RatchetdError(Exception):
    """The daemon answered with an error. Nothing was done.

    Each kind of error is a class of its own, such as `AccountExistsError`. As text an error says
    what is wrong, with which parameter, and what to do.
    """

    kind: str = ""
    """The stable name of what went wrong. Empty if the answer has none."""
    code: int
    """The JSON-RPC code."""
    field: str | None
    """The parameter that it is about, if it is about one."""
    hint: str
    """What to do."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(code, message, data)
        about = cast(dict[str, Any], data) if isinstance(data, dict) else {}
        self.code = code
        self.message = message
        self.data: object = data
        self.kind = about.get("kind", self.kind)
        self.field = about.get("field")
        self.hint = about.get("hint", "")

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        hint = f" (hint: {self.hint})" if self.hint else ""
        return f"{field}{self.message}{hint}"

    @property
    def is_transient(self) -> bool:
        """Whether the same call may work later."""
        return self.kind in _TRANSIENT


class NoAnswerError(Exception):
    """There was no answer. Whether a call that was sent was carried out is not known.

    Repeat `message_encrypt` with the same `requestId`, and `message_decrypt` and `message_confirm`
    as they were.
    """

    status: int | None
    """The HTTP status, if there was one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message, status)
        self.message = message
        self.status = status

    def __str__(self) -> str:
        return self.message

    @property
    def is_transient(self) -> bool:
        """Whether the same request may be taken later. A wrong token, for one, stays wrong."""
        return self.status is None or self.status in (408, 429) or self.status >= 500


class BlobError(Exception):
    """A ciphertext is not that of the attachment. Throw away what was written of it."""
