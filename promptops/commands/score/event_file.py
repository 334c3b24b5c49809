"""The file of `--events`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from promptops.errors import InputError, os_reason
from promptops.storage.atomic import replaced_in_pieces


@contextmanager
def event_file(file: Path, written: str) -> Iterator[Callable[[bytes], None]]:
    """Receives lines of events; the file has them when the block ends without an error.

    `written` is its path as the user wrote it. Raises InputError if it can't be written.
    """

    def write(lines: bytes) -> None:
        try:
            put(lines)
        except OSError as error:
            raise _refused(written, error) from None

    try:
        with replaced_in_pieces(file) as put:
            yield write
    except OSError as error:
        raise _refused(written, error) from None


def _refused(written: str, error: OSError) -> InputError:
    return InputError(f"can't be written: {os_reason(error)}", where=written)
