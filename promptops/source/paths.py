"""The one rule for paths that a file says."""

from __future__ import annotations

from functools import lru_cache
from posixpath import dirname, normpath

from promptops.patterns import lazy_pattern
from promptops.records import record

_ADDRESS = lazy_pattern(r"[A-Za-z][A-Za-z0-9+.-]*:")


@record(frozen=True, slots=True)
class Confined:
    """A path that stays inside, or why it does not.

    Attributes:
        path: Normalised, forward slashes; "" when it is refused.
        reason: What is wrong with it; "" when nothing is.
    """

    path: str
    reason: str = ""


def confined(written: str, base: str, root: str = "") -> Confined:
    """Where a path leads: `./x` beside the file `base` that says it, any other below `root`.

    `base`, `root` and the result are relative to the repository root. Links are not followed
    here: what reads the files refuses them.
    """
    return _confined(written, dirname(base) if written.startswith("./") else root)


@lru_cache(maxsize=4_096)
def _confined(written: str, folder: str) -> Confined:
    reason = _refused(written)
    if reason:
        return Confined("", reason)
    return Confined(normpath(f"{folder}/{written}" if folder else written))


def _refused(written: str) -> str:
    reasons = (
        (not written.strip("./ "), "the path names no file"),
        (_ADDRESS.match(written) or written.startswith("//"), "an address, not a path"),
        (written.startswith("/"), "an absolute path"),
        ("\\" in written, "a path with a backslash: write forward slashes"),
        (".." in written.split("/"), "a path that leads up with `..`"),
        (not written.isprintable(), "a path with a control character"),
    )
    return next((reason for refused, reason in reasons if refused), "")
