"""How people name rules: by code, by a prefix of codes, or by name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from promptops.lint.registry import Rule
from promptops.nearest import nearest_name
from promptops.records import record

ALL = "ALL"
"""Every rule that is on by default."""

LIST_RULES = "`promptops rule` lists the rules"


def is_named(written: Iterable[str], code: str, name: str) -> bool:
    """Whether any of the given names means the rule, ignoring case."""
    return any(_length(each, code, name) for each in written)


def best_name(written: Iterable[str], code: str, name: str) -> str | None:
    """Of the given names, the one that means the rule most exactly; None if none does."""
    lengths = {each: _length(each, code, name) for each in written}
    best = max(lengths, key=lambda each: lengths[each], default=None)
    return best if best is not None and lengths[best] else None


def _length(written: str, code: str, name: str) -> int:
    """How many characters of the code are named; all of them for the rule's name."""
    if written and (code.startswith(written.upper()) or name == written.lower()):
        return min(len(written), len(code))
    return 0


@record(frozen=True, slots=True)
class RuleNames:
    """The known codes and names.

    Attributes:
        complete: False if installed plug-ins were not loaded: a code that no known
            rule has may be one of theirs.
    """

    names: tuple[tuple[str, str], ...]
    complete: bool = True

    def is_unknown(self, written: str) -> bool:
        """Whether the name matches no rule and can't be that of a plug-in."""
        if written.upper() == ALL or not self.complete:
            return False
        return not any(_length(written, code, name) for code, name in self.names)

    def hint(self, written: str) -> str:
        """The nearest code or name as a question, or else how to list all rules."""
        families = sorted({code.rstrip("0123456789") for code, _ in self.names})
        codes = [code for code, _ in self.names]
        if not re.fullmatch(r"[A-Za-z]{1,4}\d*", written):
            near = nearest_name(written.lower(), (name for _, name in self.names))
        elif written.isalpha():
            near = nearest_name(written.upper(), families)
        else:
            near = nearest_name(written.upper(), codes)
        return f"did you mean `{near}`?" if near else LIST_RULES


def rule_names(rules: Iterable[Rule], *, complete: bool = True) -> RuleNames:
    """The names of some rules."""
    return RuleNames(tuple((rule.code, rule.name) for rule in rules), complete)
