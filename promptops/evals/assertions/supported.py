"""supported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.evals.cited_passages import CitedSentence, check_pattern, cited_sentences
from promptops.evals.judge_replies import PASSES, judge_question, opinion
from promptops.evals.questions import Question
from promptops.evals.registry import assertion
from promptops.evals.retrieved_passages import checked_arguments, named_inputs, passages_of
from promptops.evals.subject import Subject
from promptops.evals.texts import not_blank
from promptops.evals.verdict import NamedPart, Skipped, Unjudgeable, Verdict
from promptops.evals.wording import shown
from promptops.plurals import counted
from promptops.records import field, record

_MOST = 100
"""Cited sentences in one answer: each of them is a question to the judge."""


@assertion("supported", on=("answer",), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class Supported:
    """A model judges that each cited passage states what the sentence states.

    The judge gets one question for each sentence with a citation, with the passages that it cites.
    The degree is the share of these sentences that are supported. One that cites only passages that
    were not given is unsupported, and so is an answer without citations. This is a measure, like
    `llm-rubric`.

    Attributes:
        value: The name of the input that contains the passages: mappings with an `id`.
        arguments: `pattern`, an RE2 pattern whose only group is the id, by default for `[P1]`;
            `none: true` skips an answer without citations; `id`, the key of the id in a passage.

    Holds:
        inputs: {passages: [{id: P1, text: Everyone has 28 days of leave.}]}
        answer: You have 28 days [P1]. Enjoy them!
        replies: [{verdict: pass, reason: The passage states 28 days.}]
        output: [{type: supported, value: passages}]

    Fails:
        inputs: {passages: [{id: P1, text: Everyone has 28 days of leave.}]}
        answer: You have 30 days [P1]. Carry them over. [P2]
        replies: [{verdict: fail, reason: The passage states 28 days.}]
        output: [{type: supported, value: passages}]
    """

    value: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        not_blank(self.value)
        checked_arguments(self.arguments, ("id", "none", "pattern"))
        check_pattern(self.arguments)

    @property
    def named(self) -> tuple[NamedPart, ...]:
        return named_inputs(self.value, self.arguments)

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return tuple(question for _, question in self._questions(subject) if question)

    def check(self, subject: Subject) -> Verdict:
        found = [self._opinion(subject, *each) for each in self._questions(subject)]
        if not found and self.arguments.get("none"):
            raise Skipped("the answer cites nothing")
        supported = sum(degree >= 0.5 for degree, _ in found)
        worst = min(found, key=lambda each: each[0], default=(0.0, "no citation"))
        return Verdict(
            passed=bool(found) and supported == len(found),
            expected="only sentences that the passages they cite support",
            opposite="a sentence that no passage it cites supports",
            where=subject.where,
            got=f"{supported} of {counted(len(found), 'sentence')}: {worst[1]}",
            degree=supported / len(found) if found else 0.0,
        )

    def _questions(self, subject: Subject) -> Iterator[tuple[CitedSentence, Question | None]]:
        """Each cited sentence; without a question if no passage that it cites was given."""
        passages = passages_of(subject.record, self.value, self.arguments)
        texts = {passage.id: passage.text for passage in passages}
        sentences = cited_sentences(subject.text, self.arguments, subject.record.work)
        if len(sentences) > _MOST:
            raise Unjudgeable(f"the answer has over {_MOST} sentences with citations")
        for sentence in sentences:
            context = "\n\n".join(texts[name] for name in sentence.ids if name in texts)
            yield sentence, self._question(subject, sentence, context) if context else None

    def _question(self, subject: Subject, sentence: CitedSentence, context: str) -> Question:
        criterion = "The context states what the answer states."
        inputs = {"criterion": criterion, "context": context, "output": sentence.text}
        return judge_question(subject.record, "supported", inputs)

    def _opinion(
        self, subject: Subject, sentence: CitedSentence, question: Question | None
    ) -> tuple[float, str]:
        if question is None:
            return 0.0, f"{shown(sentence.text)} cites no passage of {shown(self.value)}"
        degree, reason = opinion(subject.record, question, PASSES)
        return degree, f"{shown(sentence.text)}, the judge's {shown(reason)}"
