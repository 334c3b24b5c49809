"""finish-reason."""

from __future__ import annotations

from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Unjudgeable, Verdict
from promptops.evals.wording import listed, shown
from promptops.model.answer import Answer
from promptops.records import record
from promptops.suggestions import did_you_mean

_KNOWN = ("stop", "length", "tool_calls", "content_filter")


@assertion("finish-reason", on=("answer",), narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class FinishReason:
    """The answer ended for this reason.

    `stop`: the model finished. `length`: `max_output_tokens` cut the answer off. `tool_calls`: the
    model waits for the results of tools. `content_filter`: the provider removed content.

    Attributes:
        value: The reason.

    Holds:
        answer: {text: All done., finish_reason: stop}
        output: [{type: finish-reason, value: stop}]

    Fails:
        answer: {text: "All do", finish_reason: length}
        output: [{type: finish-reason, value: stop}]
    """

    value: str

    def __post_init__(self) -> None:
        if self.value not in _KNOWN:
            hint = did_you_mean(self.value, _KNOWN) or f"known here: {', '.join(_KNOWN)}"
            raise Refused(f"{shown(self.value)} is not a finish reason", hint=hint)

    def check(self, subject: Subject) -> Verdict:
        answer = subject.record.answer
        if answer is None:
            raise Unjudgeable(f"expected an answer that ends with {listed(_KNOWN, 'or')}")
        return Verdict(
            passed=answer.finish_reason == self.value,
            expected=f"the end {shown(self.value)}",
            opposite=f"any end but {shown(self.value)}",
            where="of the answer",
            got=shown(answer.finish_reason),
        )

    def judges_flaw(self, answer: Answer) -> bool:
        """Whether it is about the incomplete end of an answer; also with `not-`."""
        is_incomplete = answer.finish_reason in ("length", "content_filter")
        return is_incomplete and self.value in ("stop", answer.finish_reason)
