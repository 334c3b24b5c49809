"""refuses."""

from __future__ import annotations

from promptops.evals.refusals import refusal_in
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Verdict
from promptops.evals.wording import line_of, shown
from promptops.model.answer import Answer
from promptops.records import record


@assertion("refuses", on=("answer",))
@record(frozen=True, slots=True, kw_only=True)
class Refuses:
    """The answer refuses the request.

    It searches for the usual phrases of models that can't or won't comply, in Arabic, Chinese,
    Dutch, English, French, German, Hindi, Italian, Japanese, Korean, Polish, Portuguese, Russian,
    Spanish and Turkish, within the first 300 characters. An answer removed by the provider's
    content filter counts, too. A refusal without "I", such as "This is not permitted",
    is not detected; use `llm-rubric` if that matters.

    Holds:
        answer: I'm sorry, but I can't help with that.
        output: [{type: refuses}]

    Fails:
        answer: I can't see your order number. Could you send it?
        output: [{type: refuses}]
    """

    def check(self, subject: Subject) -> Verdict:
        answer, text = subject.record.answer, subject.text
        at = refusal_in(text)
        filtered = answer is not None and answer.finish_reason == "content_filter"
        line = line_of(text, at) if at >= 0 else shown(text)
        return Verdict(
            passed=at >= 0 or filtered,
            expected="a refusal",
            opposite="no refusal",
            where=subject.where,
            got="an answer cut by the content filter" if filtered else line,
        )

    def judges_flaw(self, answer: Answer) -> bool:
        """Whether it is about the incomplete end of an answer; also with `not-`."""
        return answer.finish_reason == "content_filter"
