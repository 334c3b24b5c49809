"""Rules declared in the configuration: existence, substitution, occurrence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from promptops.errors import InputError
from promptops.lint.passages import Passage
from promptops.lint.registry import Check, Rule
from promptops.model.config import CustomRule
from promptops.model.finding import Edit, Fix, Problem


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
    patterns = [_compiled(token, declared) for token in declared.tokens]

    def check(passages: Sequence[Passage]) -> Iterator[Problem]:
        for passage in _in_scope(passages, declared):
            for pattern in patterns:
                for start, end in _written(pattern, passage):
                    yield passage.problem(declared.message, start, end)

    return check


def _substitution(declared: CustomRule) -> Check:
    """Report each occurrence of a token, with its replacement as the fix."""
    patterns = [(_compiled(token, declared), better) for token, better in declared.swap.items()]

    def check(passages: Sequence[Passage]) -> Iterator[Problem]:
        for passage in _in_scope(passages, declared):
            for pattern, better in patterns:
                for start, end in _written(pattern, passage):
                    fix = Fix((Edit(passage.place(start, end), better),))
                    hint = f"write `{better}`"
                    yield passage.problem(declared.message, start, end, fix=fix, hint=hint)

    return check


def _occurrence(declared: CustomRule) -> Check:
    """Report texts that contain a token too often or too rarely."""
    patterns = [_compiled(token, declared) for token in declared.tokens]

    def check(passages: Sequence[Passage]) -> Iterator[Problem]:
        for passage in _in_scope(passages, declared):
            found = sorted(span for pattern in patterns for span in _written(pattern, passage))
            if declared.max is not None and len(found) > declared.max:
                yield passage.problem(declared.message, *found[declared.max])
            elif declared.min is not None and len(found) < declared.min and not passage.literal:
                yield passage.problem(declared.message, 0, 1)

    return check


def _compiled(token: str, declared: CustomRule) -> Any:
    """Compile a token with RE2, which can't hang; a plain word matches only whole words."""
    import re2

    pattern = rf"\b{token}\b" if token.replace(" ", "").isalnum() else token
    options = re2.Options()
    options.log_errors = False  # by default, RE2 prints errors to stderr
    options.case_sensitive = not declared.ignore_case
    try:
        return re2.compile(pattern, options)
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


def _written(pattern: Any, passage: Passage) -> Iterator[tuple[int, int]]:
    for match in pattern.finditer(passage.text):
        if match.end() > match.start() and passage.is_written(match.start(), match.end()):
            yield match.start(), match.end()
