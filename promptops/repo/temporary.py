"""Temporary folders and files, removed after use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

from promptops.errors import InputError, os_reason


@contextmanager
def temporary_folder() -> Iterator[str]:
    """The path of an empty folder, which is removed on exit.

    Raises:
        InputError: No folder for temporary files is writable.
    """
    from tempfile import TemporaryDirectory

    try:
        folder_manager = TemporaryDirectory(prefix="promptops-")
    except OSError as error:
        raise _no_room(error) from None
    with folder_manager as folder:
        yield folder


@contextmanager
def temporary_file() -> Iterator[BinaryIO]:
    """An open file without a name; raises InputError as `temporary_folder` does."""
    from tempfile import TemporaryFile

    with ExitStack() as opened:
        try:
            file = opened.enter_context(TemporaryFile())
        except OSError as error:
            raise _no_room(error) from None
        yield file


def _no_room(error: OSError) -> InputError:
    hint = "set TMPDIR to a writable folder"
    return InputError(f"a temporary file can't be created: {os_reason(error)}", hint=hint)
