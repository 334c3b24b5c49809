"""Matches names of rules: a code, a prefix of codes, or a name."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.lint.registry import Rule
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.suggestions import nearest_name

ALL = "ALL"
"""Selects every rule that is on by default."""

MUTANTS = ("MUT", "mutant")
"""The code and the name in comments that leave a line out of mutation testing; not a rule."""

LIST_RULES = "`promptops rule` lists the rules"

_LIKE_A_CODE = lazy_pattern(r"([A-Z]{1,4})(\d{0,6})(?:(?<=\d)[A-Z])?")


def is_named(written: Iterable[str], code: str, name: str) -> bool:
    """Whether any of the given names matches the rule, ignoring case."""
    return any(_length(each, code, name) for each in written)


def is_named_alone(written: Iterable[str], code: str, name: str) -> bool:
    """Whether any of the given names is the whole code of the rule, or its name, ignoring case."""
    return any(each.upper() == code or each.lower() == name for each in written)


def best_name(written: Iterable[str], code: str, name: str) -> str | None:
    """The given name that matches the rule most exactly; None without a match."""
    lengths = {each: _length(each, code, name) for each in written}
    best = max(lengths, key=lambda each: lengths[each], default=None)
    return best if best is not None and lengths[best] else None


def _length(written: str, code: str, name: str) -> int:
    """The number of matching characters of the code; all for the name of the rule."""
    if written and (code.startswith(written.upper()) or name == written.lower()):
        return min(len(written), len(code))
    return 0


@record(frozen=True, slots=True)
class RuleNames:
    """The known codes and names.

    Attributes:
        complete: False if installed plug-ins were not loaded: an unknown code may
            be one of theirs.
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
        near = self._nearest(written)
        return f"did you mean `{near}`?" if near else LIST_RULES

    def _nearest(self, written: str) -> str | None:
        codes = [code for code, _ in self.names]
        code = _LIKE_A_CODE.fullmatch(written.upper())
        if code is None:
            return nearest_name(written.lower(), (name for _, name in self.names))
        if not code[2]:
            return nearest_name(
                written.upper(), sorted({each.rstrip("0123456789") for each in codes})
            )
        padded = f"{code[1]}{int(code[2]):03}"
        return padded if padded in codes else nearest_name(written.upper(), codes)


def rule_names(rules: Iterable[Rule], *, complete: bool = True) -> RuleNames:
    """The names of some rules."""
    return RuleNames((*((rule.code, rule.name) for rule in rules), MUTANTS), complete)
