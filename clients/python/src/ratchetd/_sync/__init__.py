# Made by scripts/generate.py from aio/__init__.py. Do not edit.
"""The client for asyncio: what `ratchetd` has for threads, under the same names, to be awaited."""

from .chat import Deliver, Store, Unreadable, deliver_all, receive, send
from .client import Client
from .topics import TopicChanged, Topics

__all__ = [
    "Client",
    "Deliver",
    "Store",
    "TopicChanged",
    "Topics",
    "Unreadable",
    "deliver_all",
    "receive",
    "send",
]
