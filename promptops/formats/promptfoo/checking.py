"""Checks assertions of promptops for promptfoo; called by the module that `export` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from promptops.evals.result import judge_assertion
from promptops.evals.subject import Record, facts_of
from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.model.prompt import Request


def checked(output: Any, assertion: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The result as promptfoo takes it: `pass`, `score` (0 to 1) and `reason`.

    One with a score that is not required passes always, with its degree as the score.
    """
    text = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
    answer = Answer(text=text)
    root, facts = facts_of(answer)
    record = Record(
        on="answer",
        text=text,
        root=root,
        request=Request(messages=()),
        names={**facts, "inputs": inputs, "expected": None},
        answer=answer,
    )
    found = judge_assertion(assertion, record, lambda *_: Place(""))
    measured = not found.must and found.status in ("passed", "failed")
    degree = found.degree if found.degree is not None else float(found.passed)
    return {
        "pass": found.passed or measured,
        "score": degree if measured else float(found.passed),
        "reason": found.reason,
    }
