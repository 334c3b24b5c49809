"""Answers that are empty or incomplete: they break the contracts of a case, unless it allows them.

Otherwise an empty answer would pass every `not-contains`, `max-chars` and `no-secrets`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from promptops.evals.assertion import Assertion, Flaw
from promptops.model.answer import Answer
from promptops.runtime.request.answer_text import CUT_OFF, FINISHED

_CALLS_TOOLS = ("tool_calls", "tool_use")


def flaw_of(answer: Answer) -> Flaw | None:
    """What an answer lacks. An answer that only calls tools is not empty."""
    if answer.finish_reason not in FINISHED:
        return "incomplete"
    calls_tools = answer.tool_calls or answer.finish_reason in _CALLS_TOOLS
    return None if answer.text.strip() or calls_tools else "empty"


def unallowed_flaw(answer: Answer, assertions: Iterable[Assertion]) -> str:
    """Why an answer breaks the contracts among these assertions, or "".

    Measures are left alone: they score such an answer as it is.
    """
    flaw, every = flaw_of(answer), tuple(assertions)
    if flaw is None or not any(assertion.must for assertion in every):
        return ""
    if any(_allows(assertion, flaw, answer) for assertion in every):
        return ""
    if flaw == "empty":
        return "the answer is empty: if it may be, write `allow: [empty]` in an assertion"
    fixes = ["write `allow: [incomplete]` in an assertion if it may be"]
    if answer.finish_reason in CUT_OFF:
        fixes.insert(0, "increase `max_output_tokens`")
    reason = f"the answer is incomplete: it ended with {answer.finish_reason!r}"
    return f"{reason}: {', or '.join(fixes)}"


def _allows(assertion: Assertion, flaw: Flaw, answer: Answer) -> bool:
    return flaw in assertion.allow or _judges_flaw(assertion.check, answer)


def _judges_flaw(check: Any, answer: Answer) -> bool:
    """Whether an assertion, or one in its set, is about the flaw itself: `equals: ""`."""
    if hasattr(check, "judges_flaw"):
        return bool(check.judges_flaw(answer))
    return any(_judges_flaw(part.check, answer) for part in getattr(check, "parts", ()))
