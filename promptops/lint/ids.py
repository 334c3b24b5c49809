"""Ids of prompt files: validity, collisions on some file systems, and safe display."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from unicodedata import normalize

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import PROMPT_ENDINGS
from promptops.errors import UsageError
from promptops.patterns import lazy_pattern
from promptops.records import record

_ID = lazy_pattern(r"[a-z0-9][-/_.a-z0-9]*(?<!/)")
_REFUSED = lazy_pattern(r"\.\.|/\.|\.(?=/|$)|\.lock(?=/|$)")
"""Characters and names that git refuses in tags, or that paths must not contain."""


@record(frozen=True, slots=True)
class Twin:
    """A prompt file whose id equals the id of another, or differs only in case."""

    path: str
    id: str
    other: str
    other_id: str


def is_fit(identity: str) -> bool:
    """Whether an id is easy to type, valid as a git tag and storable on every file system."""
    return bool(_ID.fullmatch(identity)) and not _REFUSED.search(identity)


def refuse_unfit(identity: str) -> None:
    """Check an id that a user gives by the rule SCH005. Raises UsageError."""
    for ending in PROMPT_ENDINGS:
        if identity.endswith(ending):
            raise UsageError(
                f"an id has no file extension: {identity!r}",
                hint=f"write {identity[: -len(ending)]!r}",
            )
    if is_fit(identity) and all(identity.split("/")):
        return
    near = better(identity)
    raise UsageError(
        f"'{shown(identity)}' can't be an id: it is made of a-z, 0-9, '-', '_', '.' and '/', and"
        " begins with a letter or a digit",
        hint=f"write {near!r}" if near else "such as support/triage",
    )


def twins(catalog: Catalog, concerned: Collection[str] | None) -> Iterator[Twin]:
    """Each file whose id another file has: the one with a valid id, or else the first by path.

    Of `concerned` files and what they collide with; of all files for None.
    """
    groups = defaultdict(list)
    for path, identity in catalog.ids_near(concerned).items():
        groups[folded(identity)].append((path, identity))
    for group in groups.values():
        if len(group) > 1:
            ordered = sorted(group, key=lambda each: (not is_fit(each[1]), each[0]))
            (other, other_id), *rest = ordered
            for path, identity in rest:
                yield Twin(path, identity, other, other_id)


def folded(identity: str) -> str:
    """The key that is equal for ids that some file system treats as equal."""
    is_folded = identity.isascii() and identity.islower()
    return identity if is_folded else normalize("NFC", identity).casefold()


def better(identity: str) -> str:
    """A valid id similar to it; "" if nothing is left of it, or of one of its folders."""
    written = identity.split("/")
    parts = (re.sub(r"[^-_.a-z0-9]+", "-", _plain(part)) for part in written)
    fit = [re.sub(r"\.{2,}", ".", part).strip("-_.") for part in parts]
    lost = any(part.strip(".") and not kept for part, kept in zip(written, fit, strict=True))
    found = "/".join(filter(None, fit))
    return found if is_fit(found) and not lost else ""


def _plain(part: str) -> str:
    """ASCII in lower case; `/` may be the plain form of another character."""
    return normalize("NFKD", part).encode("ascii", "ignore").decode().lower()


def shown(identity: str) -> str:
    """The id with escapes for invisible characters."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in identity
    )
