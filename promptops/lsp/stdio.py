"""Serve over standard input and output."""

from __future__ import annotations

import os
import signal
import sys

from promptops.lsp.server import create_server
from promptops.repo.process import OF_ONE_REPOSITORY


def serve() -> int:
    """Serve until the editor ends; returns the exit code, 1 if it ended without a shutdown.

    Standard input and output of this process, and of those it starts, are replaced: nothing else
    may read or write what belongs to the protocol.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a thread that reads would ignore Ctrl-C
    for name in OF_ONE_REPOSITORY:  # an editor that git started serves other repositories, too
        os.environ.pop(name, None)
    stdin, stdout = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    sys.stdout = sys.stderr
    server = create_server()
    with open(stdin, "rb") as read, open(stdout, "wb") as write:
        server.start_io(read, write)
    server.repositories.close_all()
    return 0 if server.protocol.was_shut_down else 1
