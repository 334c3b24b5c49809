"""Rules declared in the configuration: existence, substitution, occurrence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from promptops.errors import InputError
from promptops.lint.passages import Passage
from promptops.lint.registry import Check, Rule
from promptops.model.config import CustomRule
from promptops.model.finding import Edit, Fix, Problem
from promptops.records import record


def custom_rules(declared: Sequence[CustomRule]) -> dict[str, Rule]:
    """The declared rules by code."""
    return {each.code: _rule(each) for each in declared}


def _rule(declared: CustomRule) -> Rule:
    checks = {"existence": _existence, "substitution": _substitution, "occurrence": _occurrence}
    check = checks[declared.kind](declared)
    check.__doc__ = f"{declared.message}.\n\nDeclared in the configuration of this repository."
    return Rule(
        code=declared.code,
        name=declared.name,
        severity=declared.severity,
        check=check,
        needs=("passages",),
    )


def _existence(declared: CustomRule) -> Check:
    """Report each occurrence of a token."""
    tokens = [_compiled(token, declared) for token in declared.tokens]

    def check(passages: Sequence[Passage]) -> Iterator[Problem]:
        for passage in _in_scope(passages, declared):
            for token in tokens:
                for start, end in _written(token, passage):
                    yield passage.problem(declared.message, start, end)

    return check


def _substitution(declared: CustomRule) -> Check:
    """Report each occurrence of a token, with its replacement as the fix."""
    tokens = [(_compiled(token, declared), better) for token, better in declared.swap.items()]

    def check(passages: Sequence[Passage]) -> Iterator[Problem]:
        for passage in _in_scope(passages, declared):
            for token, better in tokens:
                for start, end in _written(token, passage):
                    fix = Fix((Edit(passage.place(start, end), better),))
                    hint = f"write `{better}`"
                    yield passage.problem(declared.message, start, end, fix=fix, hint=hint)

    return check


def _occurrence(declared: CustomRule) -> Check:
    """Report texts that contain a token too often or too rarely."""
    tokens = [_compiled(token, declared) for token in declared.tokens]

    def check(passages: Sequence[Passage]) -> Iterator[Problem]:
        for passage in _in_scope(passages, declared):
            found = sorted(span for token in tokens for span in _written(token, passage))
            if declared.max is not None and len(found) > declared.max:
                yield passage.problem(declared.message, *found[declared.max])
            elif declared.min is not None and len(found) < declared.min and not passage.literal:
                yield passage.problem(declared.message, 0, 1)

    return check


@record(frozen=True, slots=True)
class _Token:
    """A token that is searched for; a plain word matches only whole words."""

    pattern: Any
    whole_words: bool

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        for match in self.pattern.finditer(text):
            start, end = match.span()
            if not (self.whole_words and _is_part_of_word(text, start, end)):
                yield start, end


def _is_part_of_word(text: str, start: int, end: int) -> bool:
    around = text[max(start - 1, 0) : start] + text[end : end + 1]
    return any(char.isalnum() or char == "_" for char in around)


def _compiled(token: str, declared: CustomRule) -> _Token:
    """Compile a token with RE2, which can't hang."""
    import re2

    options = re2.Options()
    options.log_errors = False  # by default, RE2 prints errors to stderr
    options.case_sensitive = not declared.ignore_case
    try:
        # Not between `\b`, which knows only ASCII letters in RE2.
        return _Token(re2.compile(token, options), token.replace(" ", "").isalnum())
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if error.args else "it can't be read"
        raise InputError(
            f"{token!r} of the rule {declared.code} is not a valid pattern: {reason}",
            hint="patterns use RE2 syntax; write `\\` before a literal special character",
        ) from None


def _in_scope(passages: Sequence[Passage], declared: CustomRule) -> Iterator[Passage]:
    for passage in passages:
        if declared.scope is None or passage.role == declared.scope:
            yield passage


def _written(token: _Token, passage: Passage) -> Iterator[tuple[int, int]]:
    for start, end in token.spans(passage.text):
        if end > start and passage.is_written(start, end):
            yield start, end
