"""Regular expressions that are compiled when they are first used.

A commit hook imports more than a hundred of them and uses a fifth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, AnyStr

_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split")
_compile = re.compile
_ATTRIBUTES = ("flags", "groups", "groupindex")


class _Pattern:
    """Stands in for a compiled pattern; has its attributes from the first use on."""

    __slots__ = ("_flags", "pattern", *_METHODS, *_ATTRIBUTES)

    def __init__(self, source: str | bytes, flags: int) -> None:
        self.pattern = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """Called only for attributes that are not set yet, so once."""
        if name not in _METHODS and name not in _ATTRIBUTES:
            raise AttributeError(f"a pattern has no attribute {name!r}")
        compiled = _compile(self.pattern, self._flags)
        for each in (*_METHODS, *_ATTRIBUTES):
            setattr(self, each, getattr(compiled, each))
        return getattr(compiled, name)

    def __repr__(self) -> str:
        return f"lazy_pattern({self.pattern!r})"


def lazy_pattern(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Like `re.compile`, but compiled at the first use; re.error is raised then.

    For constants of a module. The functions of `re` don't accept the result; use its methods.
    """
    lazy: Any = _Pattern(source, flags)
    return lazy  # type: ignore[no-any-return]


@contextmanager
def lazy_patterns() -> Iterator[None]:
    """Make the constant patterns of modules that are imported meanwhile lazy ones.

    For modules that call only methods of their patterns, in processes with one thread: PyYAML's
    and Jinja2's patterns are a tenth of what a hook may take, and it uses few of them.
    """
    compiled: Any = re.compile
    re.compile = lazy_pattern  # type: ignore[assignment]
    try:
        yield
    finally:
        re.compile = compiled
