"""Strings in source code that are for other programs and for programmers, and not for a model."""

from __future__ import annotations

from promptops.patterns import lazy_pattern

_SCRIPT = lazy_pattern(
    r"(?m)^[ \t]*(?:fi|esac|done|end(?: if| do)?|if \[.*|set -\w.*|export \w+=.*|def \w+\(.*)$"
    r"|^[ \t]*>>> |\b(?:pip|npm) install\b|^[ \t]*\\[a-z]+\{"
)
"""Lines of scripts, and commands for a terminal."""
_DOCUMENTATION = lazy_pattern(
    r"(?m)^[ \t]*(?:Parameters|Returns|Raises|Examples|Notes|See Also)[ \t]*\n[ \t]*-{3,}"
    r"|:(?:func|class|meth|mod|ref|param|attr|exc|math)\b|^[ \t]*\.\. \w+::"
)
"""Documentation of a function."""
_COMMENTS = lazy_pattern(r"(?:(?:#|//)[^\n]*(?:\n\s*|\Z)){2,}")
"""Lines of which each is a comment."""


def has_script(text: str) -> bool:
    """Whether a text contains a line of a script, or a command for a terminal."""
    return _SCRIPT.search(text) is not None


def is_documentation(text: str) -> bool:
    """Whether a text documents a function, or is a comment of a program."""
    return _DOCUMENTATION.search(text) is not None or _COMMENTS.fullmatch(text.strip()) is not None
