"""python."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import NamedPart, Refused, Undecided, Unjudgeable, Verdict
from promptops.evals.wording import shown
from promptops.records import record


@assertion("python", on=("answer",))
@record(frozen=True, slots=True, kw_only=True)
class Python:
    """A function of this repository decides.

    The function is called with the checked value and a mapping of `inputs`, `expected`, `output`,
    `text`, `tool_calls` and `usage`. It returns true or false, or a degree from 0 to 1 (0.5 or more
    passes), or either of them with a reason: `return False, "no greeting"`. The code is read from
    the revision under test, stops after ten seconds, and never runs if PROMPTOPS_UNTRUSTED is set.

    Attributes:
        value: `FILE:FUNCTION`. A path that starts with `./` is relative to the file that contains
            this assertion, any other to the prompt root.

    Holds:
        files: {checks.py: "def polite(output, facts):\\n    return 'please' in output"}
        answer: Restart it, please.
        output: [{type: python, value: "checks.py:polite"}]

    Fails:
        files: {checks.py: "def polite(output, facts):\\n    return 0.4, 'no please'"}
        answer: Restart it!
        output: [{type: python, value: "checks.py:polite"}]
    """

    value: str

    def __post_init__(self) -> None:
        path, _, name = self.value.rpartition(":")
        if not path.endswith(".py") or not name.isidentifier():
            raise Refused("expected `FILE:FUNCTION`", hint="such as `./checks.py:polite`")

    @property
    def named(self) -> tuple[NamedPart, ...]:
        return (NamedPart("function", self.value, "/value"),)

    def check(self, subject: Subject) -> Verdict:
        degree, reason = self._called(subject)
        function = shown(self.value)
        graded = None if isinstance(degree, bool) else float(degree)
        return Verdict(
            passed=degree >= 0.5,
            expected=f"{function} to hold",
            opposite=f"{function} not to hold",
            where=subject.where,
            got=shown(degree) + (f": {shown(reason)}" if reason else ""),
            degree=graded,
        )

    def _called(self, subject: Subject) -> tuple[bool | float, str]:
        functions = subject.record.beside.functions
        if functions is None:
            raise Undecided(
                "`python` assertions do not run here: there is no repository to read from"
            )
        path, _, name = self.value.rpartition(":")
        # A copy, so that a function can't change the data of the next assertion.
        arguments = deepcopy((subject.value, dict(subject.record.names)))
        return _read(functions.call(name, path, subject.record.written_in, arguments))


def _read(returned: Any) -> tuple[bool | float, str]:
    pair = isinstance(returned, Sequence) and not isinstance(returned, str) and len(returned) == 2
    degree, reason = returned if pair else (returned, "")
    number = isinstance(degree, (bool, int, float)) and 0 <= degree <= 1
    if not number or not isinstance(reason, str):
        expected = "true, false or a number from 0 to 1, alone or with a reason"
        raise Unjudgeable(f"expected {expected}, got {_shown(returned)}", "/value")
    return degree, reason


def _shown(value: Any) -> str:
    """A value of any type: the result of a function need not be JSON."""
    return shown(value) if isinstance(value, (str, int, float, type(None))) else shown(repr(value))
