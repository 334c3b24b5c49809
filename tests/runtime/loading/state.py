"""What a process knows of what it loaded."""

from __future__ import annotations

import threading

from promptops import api
from promptops.runtime.loading import resolver


def forget() -> None:
    """As if the process were new."""
    settle()
    api._LOADED.clear()
    resolver.SERIALS.clear()
    resolver.VERIFIED.clear()


def settle() -> None:
    """Wait for all that is asked in the background."""
    for thread in background():
        thread.join(timeout=60)


def background() -> list[threading.Thread]:
    """The threads that query a source."""
    return [thread for thread in threading.enumerate() if thread.name == "promptops"]
