"""A typed client of ratchetd, the daemon that gives chat frontends end-to-end encryption.

    from ratchetd import Client

    with Client() as client:
        print(client.system_version()["version"])

`ratchetd.aio` has the same for asyncio. The types, errors and methods of the interface have the
names that docs/api.md gives them.
"""

from . import _generated, _sync
from ._generated import *  # noqa: F403
from ._sync import *  # noqa: F403
from .blobs import Attachment, decrypt_blob, encrypt_blob
from .content import Message, Sent, Unread, chat_id, opened, payload
from .errors import BlobError, NoAnswerError, RatchetdError
from .protocol import default_socket, from_hex

__all__ = [
    "Attachment",
    "BlobError",
    "Message",
    "NoAnswerError",
    "RatchetdError",
    "Sent",
    "Unread",
    "chat_id",
    "decrypt_blob",
    "default_socket",
    "encrypt_blob",
    "from_hex",
    "opened",
    "payload",
]
__all__ += _generated.__all__
__all__ += _sync.__all__
