"""Attachments, by the ciphertexts of Tink."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from conftest import TOP
from ratchetd import Attachment, BlobError, blobs, decrypt_blob, encrypt_blob, from_hex

VECTORS: list[dict[str, Any]] = json.loads((TOP / "tests/vectors/attachments.json").read_text())[
    "vectors"
]
SEGMENT = 1 << 20


def plaintext(length: int) -> bytes:
    return (bytes(range(251)) * (length // 251 + 1))[:length]


def encrypted(plain: bytes) -> tuple[bytes, Attachment]:
    target = io.BytesIO()
    attachment = encrypt_blob(io.BytesIO(plain), target)
    return target.getvalue(), attachment


def decrypted(ciphertext: bytes, attachment: Attachment) -> bytes:
    target = io.BytesIO()
    decrypt_blob(io.BytesIO(ciphertext), target, attachment)
    return target.getvalue()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["plaintextBytes"]))
def test_it_is_byte_for_byte_as_tink_has_it(vector: dict[str, Any]) -> None:
    plain, target = plaintext(vector["plaintextBytes"]), io.BytesIO()
    key, header = from_hex(vector["key"]), from_hex(vector["header"])
    made = blobs._encrypt(io.BytesIO(plain), target, key, header, SEGMENT)
    ciphertext = target.getvalue()
    assert made == {"key": vector["key"], "hash": vector["hash"], "size": len(plain)}
    assert len(ciphertext) == vector["ciphertextBytes"]
    if "ciphertext" in vector:
        assert ciphertext == from_hex(vector["ciphertext"])
    assert decrypted(ciphertext, made) == plain


def test_tink_reads_what_is_made_here() -> None:
    pytest.importorskip("tink")
    from attachment_vectors import decrypted as by_tink

    for length in (0, 5, SEGMENT, 2 * SEGMENT):
        ciphertext, attachment = encrypted(plaintext(length))
        assert by_tink(from_hex(attachment["key"]), ciphertext) == plaintext(length)


def test_each_file_has_a_key_of_its_own() -> None:
    (one, first), (other, second) = encrypted(b"same"), encrypted(b"same")
    assert first["key"] != second["key"] and one[:40] != other[:40]
    with pytest.raises(BlobError):
        decrypted(one, {**first, "key": second["key"]})


def test_what_was_changed_cut_off_or_moved_is_found() -> None:
    ciphertext, attachment = encrypted(plaintext(2 * SEGMENT + 100))
    first, second, last = (
        ciphertext[:SEGMENT],
        ciphertext[SEGMENT : 2 * SEGMENT],
        ciphertext[2 * SEGMENT :],
    )
    for changed in (
        b"",
        ciphertext[:39],
        first[:55],
        first,
        first + second,
        ciphertext[:-1],
        ciphertext + b"x",
        first + last,
        first + second + second + last,
        second + first + last,
        bytes([41]) + ciphertext[1:],
        *(flipped(ciphertext, at) for at in (1, 39, 40, SEGMENT - 1, SEGMENT, len(ciphertext) - 1)),
    ):
        with pytest.raises(BlobError):
            decrypted(changed, attachment)
    assert decrypted(ciphertext, attachment) == plaintext(2 * SEGMENT + 100)


def flipped(ciphertext: bytes, at: int) -> bytes:
    return ciphertext[:at] + bytes([ciphertext[at] ^ 1]) + ciphertext[at + 1 :]


def test_what_the_message_says_of_the_file_has_to_be_so() -> None:
    ciphertext, attachment = encrypted(plaintext(SEGMENT))
    wrong: list[Attachment] = [
        {**attachment, "hash": "0x" + "00" * 32},
        {**attachment, "size": SEGMENT + 1},
        {**attachment, "key": attachment["key"][:-2]},
        {**attachment, "key": "none"},
    ]
    for one in wrong:
        with pytest.raises(BlobError):
            decrypted(ciphertext, one)
    # No more is written than the message has announced.
    target = io.BytesIO()
    with pytest.raises(BlobError, match="larger"):
        decrypt_blob(io.BytesIO(ciphertext), target, {**attachment, "size": SEGMENT - 100})
    assert len(target.getvalue()) <= SEGMENT - 100


def test_a_source_may_give_little_at_a_time() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 1000))

    target, back = io.BytesIO(), io.BytesIO()
    attachment = encrypt_blob(Slow(plaintext(SEGMENT + 5)), target)
    decrypt_blob(Slow(target.getvalue()), back, attachment)
    assert back.getvalue() == plaintext(SEGMENT + 5)
