"""TST013."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.lint import Problem, Severity, rule
from promptops.model.place import Place
from promptops.model.prompt import Case, Locate, Prompt


@rule("TST013", severity=Severity.WARNING)
def ascii_pattern(prompt: Prompt, cases: Sequence[Case]) -> Iterator[Problem]:
    r"""A pattern does not mix `\b` or `\w` with letters beyond ASCII.

    Patterns of `regex`, `citations` and `supported` use RE2. Its `\b`, `\B`, `\w` and `\W` know
    only ASCII letters: `é` is not a part of a word. So `\bcafé\b` does not match in `un café noir`,
    and `not-regex` with this pattern passes. The rule reports `\b` and `\B` beside a letter
    beyond ASCII, and `\w` and `\W` in a pattern that has such a letter. Write `[\pL\pN_]` for `\w`,
    and `(?:^|[^\pL])` and `(?:[^\pL]|$)` for `\b` before and after a word.

    Bad:
        messages:
          - role: user
            content: Name a drink.
        tests:
          - name: no coffee
            output:
              - {type: not-regex, value: '\bcafé\b'}

    Good:
        messages:
          - role: user
            content: Name a drink.
        tests:
          - name: no coffee
            output:
              - {type: not-regex, value: '(?:^|[^\pL])café(?:[^\pL]|$)'}
              - {type: not-regex, value: '\btea\b'}
    """
    for case in cases:
        written = (
            (case.rendered, f"{case.at}/rendered"),
            (case.output, f"{case.at}/output"),
            *((turn.output, f"{turn.at}/output") for turn in case.turns),
        )
        for listed, at in written:
            yield from _problems(listed, at, case.locate)
    every = prompt.evaluation.get("assertions") or ()
    yield from _problems(every, "/evaluation/assertions", prompt.locate)


def _problems(written: Sequence[Any], at: str, locate: Locate) -> Iterator[Problem]:
    for index, assertion in enumerate(written):
        for pointer, pattern in _patterns(assertion, f"{at}/{index}"):
            yield from _problem(pattern, locate(pointer, False))


def _patterns(written: Any, at: str) -> Iterator[tuple[str, str]]:
    """The RE2 patterns of an assertion and of those inside it, each with its pointer."""
    name = str(written.get("type")).removeprefix("not-") if isinstance(written, Mapping) else ""
    if name == "regex" and isinstance(written.get("value"), str):
        yield f"{at}/value", written["value"]
    elif name in ("any", "all") and isinstance(written.get("value"), (list, tuple)):
        for index, inner in enumerate(written["value"]):
            yield from _patterns(inner, f"{at}/value/{index}")
    elif name in ("citations", "supported") and isinstance(written.get("arguments"), Mapping):
        pattern = written["arguments"].get("pattern")
        if isinstance(pattern, str):
            yield f"{at}/arguments/pattern", pattern


def _problem(pattern: str, place: Place) -> Iterator[Problem]:
    if pattern.isascii() and "\\x" not in pattern:
        return
    from promptops.evals.patterns import ascii_part

    found = ascii_part(pattern)
    if found is None:
        return
    part, letter = found
    message = f"`{part}` knows only ASCII letters, so `{letter}` is not a part of a word"
    hint = r"write `[\pL\pN_]`" if part in (r"\w", r"\W") else _BOUNDARY_HINT
    yield Problem(message, at=place, hint=hint)


_BOUNDARY_HINT = r"write `(?:^|[^\pL])` before the word, `(?:[^\pL]|$)` after it"
