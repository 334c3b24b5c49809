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
    """Replaces a compiled pattern; gets its attributes at the first use."""

    __slots__ = ("_flags", "pattern", *_METHODS, *_ATTRIBUTES)

    def __init__(self, source: str | bytes, flags: int) -> None:
        self.pattern = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """Called once, for the first attribute that is not set yet."""
        if name not in _METHODS and name not in _ATTRIBUTES:
            raise AttributeError(f"a pattern has no attribute {name!r}")
        compiled = _compile(self.pattern, self._flags)
        for attribute in (*_METHODS, *_ATTRIBUTES):
            setattr(self, attribute, getattr(compiled, attribute))
        return getattr(compiled, name)

    def __repr__(self) -> str:
        return f"lazy_pattern({self.pattern!r})"


def lazy_pattern(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Like `re.compile`, but compiled at the first use; re.error is raised then.

    For constants of a module. The functions of `re` don't accept the result; use its methods.
    """
    lazy: Any = _Pattern(source, flags)
    return lazy  # type: ignore[no-any-return]  # has what a pattern has


@contextmanager
def lazy_patterns() -> Iterator[None]:
    """Inside of it, the patterns of imported modules are lazy.

    Only for modules that call methods of their patterns, in a process with one thread. Compiling
    the patterns of PyYAML and Jinja2 takes a tenth of the time of a hook, which uses few of them.
    """
    compiled: Any = re.compile
    re.compile = lazy_pattern  # type: ignore[assignment]  # for a moment
    try:
        yield
    finally:
        re.compile = compiled
