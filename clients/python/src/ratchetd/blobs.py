"""Files that are sent with messages: encrypted once, under a key of their own, which the message
has. docs/attachments.md says what the bytes are; Tink calls it AES256_GCM_HKDF_1MB.

What does the work is the package `cryptography`: `pip install 'ratchetd[attachments]'`.
"""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, cast

from .errors import BlobError
from .protocol import from_hex

if sys.version_info >= (3, 11):
    from typing import NotRequired, TypedDict
else:
    from typing_extensions import NotRequired, TypedDict

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
SALT_BYTES = 32
PREFIX_BYTES = 7
HEADER_BYTES = 1 + SALT_BYTES + PREFIX_BYTES
TAG_BYTES = 16
# A segment with its tag, and the first one with the header as well.
SEGMENT_BYTES = 1 << 20


class Attachment(TypedDict):
    """What a message says of a file. All of it is what its sender says."""

    key: str
    """The key of this file."""
    hash: str
    """The hash of the ciphertext."""
    size: int
    """The length of the file in bytes. Refuse one that is too large before you fetch it."""
    url: NotRequired[str]
    """Where the ciphertext is. Do not fetch from wherever it says."""
    name: NotRequired[str]
    """The name of the file. Do not use it as a path."""
    type: NotRequired[str]
    """The media type of the file."""


def encrypt_blob(source: BinaryIO, target: BinaryIO) -> Attachment:
    """Encrypts a file. Put what was written to `target` where the recipients can fetch it, and send
    what is returned, with a `url` and a `name`, as one of the `attachments` of a message.
    """
    key, header = os.urandom(KEY_BYTES), os.urandom(HEADER_BYTES - 1)
    return _encrypt(source, target, key, bytes([HEADER_BYTES]) + header, SEGMENT_BYTES)


def decrypt_blob(source: BinaryIO, target: BinaryIO, attachment: Attachment) -> None:
    """Decrypts a file. Whether all of it is there and right is known only at its end: let `target`
    be a temporary file, and move it to its place after this.

    Raises BlobError if it is another file than was sent, or not all of it. Throw `target` away
    then.
    """
    _decrypt(source, target, attachment, SEGMENT_BYTES)


def attachments_in(said: object) -> list[Attachment]:
    """The attachments that a payload has, those left out that are none."""
    found: list[Attachment] = []
    optional: tuple[Literal["url", "name", "type"], ...] = ("url", "name", "type")
    for item in cast(list[object], said) if isinstance(said, list) else []:
        one = cast(dict[str, Any], item) if isinstance(item, dict) else {}
        key, hashed, size = one.get("key"), one.get("hash"), one.get("size")
        # True is an int to Python.
        if isinstance(key, str) and isinstance(hashed, str) and type(size) is int and size >= 0:
            attachment = Attachment(key=key, hash=hashed, size=size)
            for name in optional:
                if isinstance(one.get(name), str):
                    attachment[name] = one[name]
            found.append(attachment)
    return found


def _encrypt(
    source: BinaryIO, target: BinaryIO, key: bytes, header: bytes, segment_bytes: int
) -> Attachment:
    cipher = _cipher(key, header)
    pieces = hashlib.sha256()
    size = number = 0
    plain = _read(source, segment_bytes - HEADER_BYTES - TAG_BYTES)
    begin = header
    while True:
        following = _read(source, segment_bytes - TAG_BYTES)
        nonce = _nonce(header, number, is_last=not following)
        piece = begin + cipher.encrypt(nonce, plain, None)
        pieces.update(hashlib.sha256(piece).digest())
        target.write(piece)
        size += len(plain)
        if not following:
            return {"key": f"0x{key.hex()}", "hash": f"0x{pieces.hexdigest()}", "size": size}
        plain, begin, number = following, b"", number + 1


def _decrypt(
    source: BinaryIO, target: BinaryIO, attachment: Attachment, segment_bytes: int
) -> None:
    from cryptography.exceptions import InvalidTag

    piece = _read(source, segment_bytes)
    header = piece[:HEADER_BYTES]
    if len(piece) < HEADER_BYTES + TAG_BYTES or header[0] != HEADER_BYTES:
        raise BlobError("this is no encrypted attachment")
    cipher = _cipher(_key(attachment), header)
    pieces = hashlib.sha256()
    size = number = 0
    sealed = piece[HEADER_BYTES:]
    while True:
        following = _read(source, segment_bytes)
        nonce = _nonce(header, number, is_last=not following)
        try:
            plain = cipher.decrypt(nonce, sealed, None)
        except InvalidTag as error:
            raise BlobError("the attachment was changed, cut off, or has another key") from error
        pieces.update(hashlib.sha256(piece).digest())
        size += len(plain)
        if size > attachment["size"]:
            raise BlobError("the attachment is larger than the message says")
        target.write(plain)
        if not following:
            break
        piece = sealed = following
        number += 1
    if size != attachment["size"] or f"0x{pieces.hexdigest()}" != attachment["hash"].lower():
        raise BlobError("the attachment is another one than the message names")


def _key(attachment: Attachment) -> bytes:
    try:
        key = from_hex(attachment["key"])
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise BlobError("the key of the attachment is none")
    return key


def _cipher(key: bytes, header: bytes) -> AESGCM:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    except ImportError as error:
        raise ImportError("attachments need: pip install 'ratchetd[attachments]'") from error
    salt = header[1 : 1 + SALT_BYTES]
    return AESGCM(HKDF(SHA256(), length=KEY_BYTES, salt=salt, info=b"").derive(key))


def _nonce(header: bytes, number: int, is_last: bool) -> bytes:
    return header[1 + SALT_BYTES :] + number.to_bytes(4, "big") + bytes([is_last])


def _read(source: BinaryIO, length: int) -> bytes:
    """So many bytes, or what is left."""
    parts: list[bytes] = []
    while length > 0 and (part := source.read(length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
