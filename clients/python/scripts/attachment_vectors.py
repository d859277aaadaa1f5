"""Writes tests/vectors/attachments.json anew, with ciphertexts that Tink makes.

pip install tink && python scripts/attachment_vectors.py
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path

from tink import cleartext_keyset_handle, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

PATH = Path(__file__).parents[3] / "tests/vectors/attachments.json"
SEGMENT = 1 << 20
FIRST, LATER = SEGMENT - 56, SEGMENT - 16
LENGTHS = [0, 1, 300, FIRST - 1, FIRST, FIRST + 1, FIRST + LATER, FIRST + LATER + 1, 3 * SEGMENT]


def tink(key: bytes) -> streaming_aead.StreamingAead:
    """Tink's AES256_GCM_HKDF_1MB with this key."""
    streaming_aead.register()
    params = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=SEGMENT, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256
    )
    streaming_key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(key_value=key, params=params)
    data = tink_pb2.KeyData(
        type_url="type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey",
        value=streaming_key.SerializeToString(),
        key_material_type=tink_pb2.KeyData.SYMMETRIC,
    )
    keyset = tink_pb2.Keyset(primary_key_id=1)
    keyset.key.add(
        key_data=data, key_id=1, status=tink_pb2.ENABLED, output_prefix_type=tink_pb2.RAW
    )
    return cleartext_keyset_handle.from_keyset(keyset).primitive(streaming_aead.StreamingAead)


def plaintext(length: int) -> bytes:
    """Byte i is i mod 251."""
    return (bytes(range(251)) * (length // 251 + 1))[:length]


def encrypted(key: bytes, plain: bytes) -> bytes:
    """What Tink makes of it."""
    target = io.BytesIO()
    target.close = lambda: None  # type: ignore[method-assign]
    with tink(key).new_encrypting_stream(target, b"") as stream:
        stream.write(plain)
    return target.getvalue()


def decrypted(key: bytes, ciphertext: bytes) -> bytes:
    """What Tink reads."""
    with tink(key).new_decrypting_stream(io.BytesIO(ciphertext), b"") as stream:
        return bytes(stream.read())


def vector(length: int) -> dict[str, object]:
    key = os.urandom(32)
    ciphertext = encrypted(key, plaintext(length))
    pieces = [ciphertext[at : at + SEGMENT] for at in range(0, len(ciphertext), SEGMENT)]
    hashes = b"".join(hashlib.sha256(piece).digest() for piece in pieces)
    made: dict[str, object] = {
        "key": f"0x{key.hex()}",
        "plaintextBytes": length,
        "header": f"0x{ciphertext[:40].hex()}",
        "ciphertextBytes": len(ciphertext),
        "hash": f"0x{hashlib.sha256(hashes).hexdigest()}",
    }
    if length <= 300:
        made["ciphertext"] = f"0x{ciphertext.hex()}"
    return made


if __name__ == "__main__":
    vectors = {"format": "ratchetd-attachments/1", "vectors": [vector(one) for one in LENGTHS]}
    PATH.write_text(json.dumps(vectors, indent=1) + "\n")
