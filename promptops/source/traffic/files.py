"""Open files with samples: local ones, standard input, and URLs through fsspec."""

from __future__ import annotations

import gzip
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, BinaryIO, cast

from promptops.errors import InputError, UsageError, os_reason
from promptops.records import record

STANDARD_INPUT = "-"
_GZIP = b"\x1f\x8b"
_BUFFER_BYTES = 1 << 20

_STORES = {
    "s3": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "http": "aiohttp",
    "https": "aiohttp",
}
"""By the scheme of a URL: the package that fsspec needs for it."""


@record(frozen=True, slots=True, kw_only=True)
class TrafficFile:
    """A file with samples.

    Attributes:
        path: As the user wrote it; `-` for standard input. Of a URL with `*` each match.
        location: What to open: a local path, or a URL.
    """

    path: str
    location: str


def below(directory: Path, path: str) -> str:
    """A path relative to a folder; URLs and `-` stay as they are."""
    return path if path == STANDARD_INPUT or is_url(path) else str(Path(directory, path))


@contextmanager
def opened(paths: Sequence[str]) -> Iterator[tuple[TrafficFile, ...]]:
    """The files of some paths, in their order.

    Standard input and pipes are copied to a temporary file, which is deleted at the end: only a
    file can be cut into parts. Raises InputError for a file that can't be opened, and UsageError
    for standard input named twice.
    """
    if list(paths).count(STANDARD_INPUT) > 1:
        raise UsageError("`-` is standard input and can be named only once")
    with ExitStack() as stack:
        yield tuple(file for path in paths for file in _files(path, stack))


@contextmanager
def open_file(location: str, path: str = "") -> Iterator[BinaryIO]:
    """A local path or a URL, open for reading.

    If it can't be opened, or be read inside of it, InputError shows `path`, or the location.
    """
    with _failures(path or location), _opened(location) as file:
        yield file


def is_url(location: str) -> bool:
    """Whether fsspec opens it, and not the operating system."""
    return "://" in location


def is_gzip(file: BinaryIO) -> bool:
    """Whether a file begins as gzip data does, whatever its name is; then it is at its start."""
    file.seek(0)
    magic = file.read(len(_GZIP))
    file.seek(0)
    return magic == _GZIP


@contextmanager
def decompressed(file: BinaryIO) -> Iterator[BinaryIO]:
    """The data of a file from its start; gzip may have compressed it."""
    if is_gzip(file):
        with gzip.open(file) as inner:
            yield cast(BinaryIO, inner)
    else:
        yield file


def size_of(file: BinaryIO) -> int:
    """The size of an open file in bytes."""
    return file.seek(0, os.SEEK_END)


def _opened(location: str) -> BinaryIO:
    return _open_url(location) if is_url(location) else open(location, "rb")


def _files(path: str, stack: ExitStack) -> Iterator[TrafficFile]:
    if path == STANDARD_INPUT:
        copied = stack.enter_context(_copied(sys.stdin.buffer, path))
        yield TrafficFile(path=path, location=copied)
    elif is_url(path):
        yield from (TrafficFile(path=url, location=url) for url in _matches(path))
    elif Path(path).is_dir():
        raise InputError("is a folder", where=path, hint="name the files in it")
    elif Path(path).is_file() or not Path(path).exists():
        with open_file(path):
            yield TrafficFile(path=path, location=path)
    else:
        with open_file(path) as pipe:
            copied = stack.enter_context(_copied(pipe, path))
        yield TrafficFile(path=path, location=copied)


@contextmanager
def _copied(stream: IO[bytes], path: str) -> Iterator[str]:
    with TemporaryDirectory(prefix="promptops-samples-") as folder:  # only its owner can read it
        copy = Path(folder, "samples")
        with _failures(path), copy.open("wb") as file:
            shutil.copyfileobj(stream, file, _BUFFER_BYTES)
        yield str(copy)


def _open_url(url: str) -> BinaryIO:
    """A buffered file of fsspec."""
    fsspec = _fsspec(url)
    with _failures_of_store(url):
        raw = fsspec.open(url, mode="rb").open()
    return cast(BinaryIO, BufferedReader(_StoreFile(raw, url), _BUFFER_BYTES))


class _StoreFile(RawIOBase):
    """A file of a store, whose client raises exceptions of its own, also while it is read."""

    def __init__(self, file: Any, url: str) -> None:
        self._file = file
        self._url = url

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _failures_of_store(self._url):
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with _failures_of_store(self._url):
            self._file.seek(offset, whence)
            return self.tell()

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        self._file.close()
        super().close()


def _matches(url: str) -> list[str]:
    if "*" not in url:
        with open_file(url):
            return [url]
    with _failures_of_store(url):
        store, path = _fsspec(url).url_to_fs(url)
        found = sorted(store.unstrip_protocol(each) for each in store.glob(path))
    if not found:
        raise InputError("no file matches", where=url)
    return found


def _fsspec(url: str) -> Any:
    try:
        import fsspec.core
    except ImportError as error:
        raise _missing(url) from error
    return fsspec.core


def _missing(url: str) -> UsageError:
    package = _STORES.get(url.partition("://")[0])
    command = " ".join(filter(None, ("pip install fsspec", package)))
    return UsageError(f"cannot open `{url}` without fsspec", hint=command)


@contextmanager
def _failures(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"cannot read the file: {os_reason(error)}"
        raise InputError(message, where=path) from error


@contextmanager
def _failures_of_store(url: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        package = _STORES.get(url.partition("://")[0])
        hint = f"pip install {package}" if package else None
        raise UsageError(f"cannot open `{url}`: {error}", hint=hint) from error
    except Exception as error:  # each store has its own exceptions
        message = f"cannot read the file: {os_reason(error)}"
        raise InputError(message, where=url) from error
