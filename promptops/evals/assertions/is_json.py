"""is-json."""

from __future__ import annotations

from promptops.evals.json_values import NOTHING, parsed
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Verdict
from promptops.evals.wording import shown
from promptops.records import record


@assertion("is-json")
@record(frozen=True, slots=True, kw_only=True)
class IsJson:
    """The checked text is JSON and nothing else.

    It has no code fence and no sentence around it. Use `json-schema` to check its content.

    Holds:
        messages: [{role: assistant, content: '{"sql": null}'}]
        rendered: [{type: is-json, role: assistant}]

    Fails:
        messages: [{role: assistant, content: 'Sure: {"sql": null}'}]
        rendered: [{type: is-json, role: assistant}]
    """

    def check(self, subject: Subject) -> Verdict:
        return Verdict(
            passed=parsed(subject.text) is not NOTHING,
            expected="JSON",
            opposite="no JSON",
            where=subject.where,
            got=shown(subject.text),
        )
