"""Validation of paths that files contain."""

from __future__ import annotations

from functools import lru_cache
from posixpath import dirname, normpath

from promptops.patterns import lazy_pattern
from promptops.records import record

_YAML = (".yaml", ".yml")
_DATA_OR_CODE = (".json", ".jsonl", ".csv", ".toml", ".py")
_ADDRESS = lazy_pattern(r"[A-Za-z][A-Za-z0-9+.-]*:")


@record(frozen=True, slots=True)
class Confined:
    """A path inside the repository, or the reason why it is refused.

    Attributes:
        path: Normalised, forward slashes; "" if it is refused.
        reason: Why it is refused; "" if it is not.
    """

    path: str
    reason: str = ""


def is_yaml(path: str) -> bool:
    """Whether the name of a file is that of a YAML file."""
    return path.endswith(_YAML)


def may_be_template(path: str) -> bool:
    """Whether a file may be a template as a whole: no ending is required, data has others."""
    return not path.endswith((*_YAML, *_DATA_OR_CODE))


def confined(written: str, base: str, root: str = "") -> Confined:
    """The target of a path: `./x` is relative to the file `base`, any other path to `root`.

    `base`, `root` and the result are relative to the repository root. Symbolic links are not
    followed here: the code that reads the files refuses them.
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
        (_ADDRESS.match(written) or written.startswith("//"), "a URL, not a path"),
        (written.startswith("/"), "an absolute path"),
        ("\\" in written, "a path with a backslash: use forward slashes"),
        (".." in written.split("/"), "a path with `..`"),
        (not written.isprintable(), "a path with a control character"),
    )
    return next((reason for refused, reason in reasons if refused), "")


def overlapping(folder: str, other: str) -> bool:
    """Whether one of two normalised folders contains the other; "." contains all."""
    one, two = (f"{path}/" for path in (folder, other))
    return "./" in (one, two) or one.startswith(two) or two.startswith(one)
