"""VAR012: inputs in the syntax of other template languages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from promptops.analysis.match import TextMatch, in_order, occurrences
from promptops.patterns import lazy_pattern

_NAME = r"([A-Za-z_][A-Za-z0-9_]{0,63})"
_SYNTAXES = (
    ("${", lazy_pattern(rf"\$\{{[ ]?{_NAME}[ ]?\}}(?!\}})")),
    ("{", lazy_pattern(rf"\{{[ ]?{_NAME}[ ]?\}}(?!\}})")),
    ("<<", lazy_pattern(rf"<<[ ]?{_NAME}[ ]?>>(?!>)")),
    ("%(", lazy_pattern(rf"%\({_NAME}\)[sdrif]")),
)
_BEFORE = "{$\\"
_LATEX_COMMAND = lazy_pattern(r"\\[A-Za-z]{1,20}$")
_FORMATTED = lazy_pattern(r"\b[fF]\"[^\"\n]*$|\b[fF]'[^'\n]*$")


def find_placeholders(text: str, names: Collection[str]) -> tuple[TextMatch, ...]:
    """Foreign placeholders of declared inputs, or of names near one, in order.

    In a match, `name` is the declared input and `replacement` its Jinja syntax.
    """
    if not names or ("{" not in text and "<<" not in text and "%(" not in text):
        return ()
    return in_order(_matches(text, names))


def _matches(text: str, names: Collection[str]) -> Iterator[TextMatch]:
    for literal, pattern in _SYNTAXES:
        for at in occurrences(text, literal):
            found = pattern.match(text, at)
            name = _declared(found[1], names) if found else None
            if found and name and not _is_other(text, at):
                yield _match(found, name)


def _is_other(text: str, at: int) -> bool:
    """Whether it is part of a Jinja tag, a longer placeholder, a LaTeX command or code."""
    if at and text[at - 1] in _BEFORE:
        return True
    line = text[max(0, text.rfind("\n", 0, at) + 1, at - 200) : at]
    return bool(_LATEX_COMMAND.search(line) or _FORMATTED.search(line))


def _declared(written: str, names: Collection[str]) -> str | None:
    """The intended input: the same name, or one that differs in case, `_` or one letter."""
    if written in names:
        return written
    plain = _plain(written)
    for name in sorted(names):
        if _plain(name) == plain or (len(plain) > 4 and _one_edit_apart(plain, _plain(name))):
            return name
    return None


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _one_edit_apart(one: str, other: str) -> bool:
    """Whether one letter is added, missing or different, or two neighbours are swapped."""
    if len(one) > len(other):
        one, other = other, one
    same = next((i for i, char in enumerate(one) if char != other[i]), len(one))
    if len(one) == len(other):
        swapped = one[same + 1 : same + 2] + one[same : same + 1]
        return one[same + 1 :] == other[same + 1 :] or (
            swapped == other[same : same + 2] and one[same + 2 :] == other[same + 2 :]
        )
    return len(other) - len(one) == 1 and one[same:] == other[same + 1 :]


def _match(found: re.Match[str], name: str) -> TextMatch:
    replacement = f"{{{{ {name} }}}}"
    message = f"`{found[0]}` is not a placeholder here and is sent unchanged"
    return TextMatch(found.start(), found.end(), message, name, replacement)
