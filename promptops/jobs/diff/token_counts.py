"""Exact token counts, kept in git's directory by the digest of each text.

A tokenizer takes 0.2 s of CPU before its first count, half as long as a comparison of ten prompts.
It is loaded for texts that no earlier run counted.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from promptops.analysis.exact_tokens import Counter, installed
from promptops.analysis.tokens import estimate
from promptops.storage.atomic import keep

MAX_COUNTS = 10_000


class TokenCounts:
    """The counts of one encoding.

    Attributes:
        estimated: A text was only estimated, because the tokenizer could not be loaded.
    """

    def __init__(
        self, encoding: str, load: Callable[[], Counter | None], common_dir: Path | None
    ) -> None:
        """`load` gives the tokenizer, or None if it is not installed; without a folder, nothing
        is kept."""
        self._load = load
        version = installed()
        self._title = f"promptops token counts 1 {encoding} {version}"
        folder = common_dir / "promptops" if common_dir and version else None
        self._file = folder / f"tokens-{encoding}" if folder else None
        self._known = _read(self._file, self._title) if self._file else {}
        self._new: dict[str, int] = {}
        self.estimated = False

    @property
    def exact(self) -> bool:
        """Whether texts can be counted: the tokenizer is installed."""
        return bool(self._known) or self._load() is not None

    def count(self, text: str) -> int:
        """The tokens of a text; only while `exact`."""
        digest = sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
        found = self._known.get(digest)
        if found is None:
            found = self._new.get(digest)
        return self._counted(digest, text) if found is None else found

    def save(self) -> None:
        """Keep the counts for the next run; the oldest are dropped."""
        if self._file is None or not self._new:
            return
        kept = list({**self._known, **self._new}.items())[-MAX_COUNTS:]
        rows = "".join(f"{digest} {count}\n" for digest, count in kept)
        keep(self._file, f"{self._title} {_checksum(rows)}\n{rows}".encode())

    def _counted(self, digest: str, text: str) -> int:
        tokenizer = self._load()
        if tokenizer is None:
            self.estimated = True
            return estimate(text)
        found = tokenizer.count(text)
        if len(self._new) < MAX_COUNTS:
            self._new[digest] = found
        return found


def _read(file: Path, title: str) -> dict[str, int]:
    """The counts in a file; none if it is missing, damaged, or of another tokenizer."""
    try:
        header, _, rows = file.read_bytes().decode("ascii").partition("\n")
        if header != f"{title} {_checksum(rows)}":
            return {}
        pairs = (row.split(" ") for row in rows.splitlines())
        return {digest: int(count) for digest, count in pairs}
    except (OSError, ValueError):
        return {}


def _checksum(rows: str) -> str:
    return sha256(rows.encode()).hexdigest()[:16]
