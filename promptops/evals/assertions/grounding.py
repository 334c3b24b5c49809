"""Answers from retrieved passages: grounded, cited, supported, relevant, or abstaining."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.evals.case_expressions import CaseWork
from promptops.evals.judge_replies import (
    PASSES,
    JudgedAnswer,
    ReadsInputs,
    checked_arguments,
    conversation,
    input_of,
    judge_question,
    listed_ids,
    opinion,
    passages_of,
    question_of,
)
from promptops.evals.patterns import compiled, searchable_by
from promptops.evals.registry import assertion
from promptops.evals.subject import Record, Subject, as_json
from promptops.evals.verdict import Question, Refused, Skipped, Unjudgeable, Verdict
from promptops.evals.wording import MAX_COMPARED_CHARS, not_blank, sendable, shown
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import field, record
from promptops.source.explain import type_name


@assertion("abstains", on=("answer",), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class Abstains(ReadsInputs, JudgedAnswer):
    """A model judges that the answer states that the context lacks the answer.

    An answer that states this and then answers anyway fails, too. Use it for questions that the
    passages do not answer, and `not-abstains` for those that they do. This is a measure, like
    `llm-rubric`. It differs from `refuses`, which searches for the phrases of a model that can't or
    won't comply.

    Attributes:
        value: The name of the input with the question; without it, the conversation is used.

    Holds:
        inputs: {question: May I bring my dog?}
        answer: The handbook does not mention dogs.
        replies: [{verdict: pass, reason: It names what is missing.}]
        output: [{type: abstains, value: question}]

    Fails:
        inputs: {question: May I bring my dog?}
        answer: The handbook does not mention dogs. Dogs are usually welcome.
        replies: [{verdict: fail, reason: It answers after all.}]
        output: [{type: abstains, value: question}]
    """

    value: str | None = None
    built_in = "abstains"

    def wanted(self, subject: Subject) -> tuple[str, str]:
        return "an answer that only states that the context lacks it", "an answer from the context"

    def inputs(self, subject: Subject) -> Mapping[str, str]:
        return {
            "criterion": "The answer states that the context does not contain what was asked, and "
            "states no answer instead.",
            "request": question_of(subject.record, self.value, "/value"),
        }


@assertion("answer-relevant", on=("answer",), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class AnswerRelevant(ReadsInputs, JudgedAnswer):
    """A model judges that the answer is about what was asked, and about all of it.

    Whether the answer is right does not matter; see `factual`, `grounded` and `supported`. This is
    a measure, like `llm-rubric`.

    Attributes:
        value: The name of the input with the question; without it, the conversation is used.

    Holds:
        inputs: {question: May I bring my dog?}
        answer: "No, dogs stay at home."
        replies: [{verdict: pass, reason: It answers the question.}]
        output: [{type: answer-relevant, value: question}]

    Fails:
        inputs: {question: May I bring my dog?}
        answer: The office opens at 8.
        replies: [{verdict: fail, reason: It is about opening hours.}]
        output: [{type: answer-relevant, value: question}]
    """

    value: str | None = None
    built_in = "answer-relevant"

    def wanted(self, subject: Subject) -> tuple[str, str]:
        return (
            "an answer to all that was asked",
            "an answer that leaves out something that was asked",
        )

    def inputs(self, subject: Subject) -> Mapping[str, str]:
        return {
            "criterion": "The answer is about what was asked, and covers all of it.",
            "request": question_of(subject.record, self.value, "/value"),
        }


class Cites(ReadsInputs):
    """An assertion over the citations of an answer."""

    __slots__ = ()

    value: str
    arguments: Mapping[str, Any]

    def __post_init__(self) -> None:
        not_blank(self.value)
        checked_arguments(self.arguments, ("id", "none", "pattern"))
        check_citation_pattern(self.arguments)


@assertion("citations", on=("answer",))
@record(frozen=True, slots=True, kw_only=True)
class Citations(Cites):
    """The answer cites passages that it was given, and at least one.

    If `path` selects a list, its items are the cited ids. In a text, the pattern finds them; by
    default `[P1]`, an id in square brackets. The degree is the share of the cited ids that exist.
    Whether a cited passage supports the statement is a question for `supported`.

    Attributes:
        value: The name of the input that contains the passages: mappings with an `id`, or ids.
        arguments: `pattern`, an RE2 pattern whose only group is the id; `none: true` also accepts
            an answer without citations; `id`, the key of the id in a passage.

    Holds:
        inputs: {passages: [{id: P1, text: Everyone has 28 days.}]}
        answer: 28 days [P1].
        output: [{type: citations, value: passages}]

    Fails:
        inputs: {passages: [{id: P1, text: Everyone has 28 days.}]}
        answer: '{"answer": "28 days", "citations": ["P1", "P2"]}'
        output: [{type: citations, value: passages, path: /citations}]
    """

    value: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def check(self, subject: Subject) -> Verdict:
        passages = passages_of(subject.record, self.value, self.arguments)
        known = {passage.id for passage in passages}
        cited = cited_ids(subject, self.arguments)
        unknown = tuple(name for name in cited if name not in known)
        degree = 1 - len(unknown) / len(cited) if cited else float(self._may_be_none)
        which = "only citations" if self._may_be_none else "citations, and only"
        return Verdict(
            passed=degree == 1,
            expected=f"{which} of passages of the input {shown(self.value)}",
            opposite=f"a citation of no passage of the input {shown(self.value)}, or none",
            where=subject.where,
            got=_got(cited, unknown),
            degree=degree,
        )

    @property
    def _may_be_none(self) -> bool:
        return bool(self.arguments.get("none"))


def _got(cited: tuple[str, ...], unknown: tuple[str, ...]) -> str:
    if not cited:
        return "no citation"
    return listed_ids(cited) + (f"; not given: {listed_ids(unknown)}" if unknown else "")


@assertion("grounded", on=("answer",), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class Grounded(ReadsInputs, JudgedAnswer):
    """A model judges that the context supports every statement of the answer.

    A true statement that is not in the context fails, too. This is a measure, like `llm-rubric`.

    Attributes:
        value: The name of the input that contains the context; a value other than a string is
            passed to the judge as JSON.

    Holds:
        inputs: {passages: The hub pairs with up to eight cameras.}
        answer: Eight cameras at most.
        replies: [{verdict: pass, reason: The context says eight.}]
        output: [{type: grounded, value: passages}]

    Fails:
        inputs: {passages: The hub pairs with up to eight cameras.}
        answer: Eight cameras, and two doorbells.
        replies: [{verdict: fail, reason: The context has no doorbells.}]
        output: [{type: grounded, value: passages}]
    """

    value: str
    built_in = "grounded"

    def wanted(self, subject: Subject) -> tuple[str, str]:
        return (
            f"only facts from the input {shown(self.value)}",
            f"a fact that is not in the input {shown(self.value)}",
        )

    def inputs(self, subject: Subject) -> Mapping[str, str]:
        return {
            "criterion": "All that the answer states as a fact stands in the context, or follows "
            "from it directly.",
            "context": self._context(subject.record),
            "request": conversation(subject.record),
        }

    def _context(self, record: Record) -> str:
        context = input_of(record, self.value)
        if not context:
            raise Unjudgeable(f"the input `{self.value}` is empty", "/value")
        return context if isinstance(context, str) else as_json(context)


_MOST_CITED = 100
"""Cited sentences in one answer: each of them is a question to the judge."""


@assertion("supported", on=("answer",), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class Supported(Cites):
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
        if len(sentences) > _MOST_CITED:
            raise Unjudgeable(f"the answer has over {_MOST_CITED} sentences with citations")
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


# Citations in an answer: the ids in a text or a list, and the sentences that have any.

DEFAULT_PATTERN = r"""\[([^\[\]\s{}"',;]{1,80})\]"""
"""`[P1]`: an id in square brackets, without white space, quotes, braces and separators."""

_COST_OF_A_MATCH = 4_000
"""Of one match, in characters of text that are searched."""

_OF_A_CHARACTER = 3  # in units of CaseWork
_MOST_SENTENCES = 20_000

_SENTENCE_END = lazy_pattern(r"(?<=[.!?…])\s+|(?<=[。！？])\s*|\n\s*")
_NO_WORD = lazy_pattern(r"[\W_]*")


@record(frozen=True, slots=True)
class CitedSentence:
    """A sentence of an answer, and the ids that it cites, each once."""

    text: str
    ids: tuple[str, ...]


def check_citation_pattern(arguments: Mapping[str, Any]) -> None:
    """Raises Refused for a pattern that is not RE2, or has not exactly one group."""
    pattern = arguments.get("pattern")
    if pattern is None:
        return
    at = "/arguments/pattern"
    try:
        groups = compiled(pattern).groups
    except Refused as error:
        raise Refused(error.message, hint=error.hint, at=at) from None
    if groups != 1:
        message = f"the pattern needs exactly one group, which is the id, and has {groups}"
        raise Refused(message, hint=r"such as '\b(P\d+)\b'", at=at)


def cited_ids(subject: Subject, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids that the checked value cites, each once: the items of a list, or those in a text.

    Raises Unjudgeable for any other value, and if it takes too long to find them.
    """
    value = subject.value
    if isinstance(value, (list, tuple)):
        return tuple(dict.fromkeys(_item(item, subject) for item in value))
    return _ids_in(subject.text, arguments, subject.record.work)


def _item(item: Any, subject: Subject) -> str:
    if isinstance(item, bool) or not isinstance(item, (str, int)):
        raise Unjudgeable(f"expected a list of ids {subject.where}, got {type_name(item)}", "/path")
    return str(item)


def _ids_in(text: str, arguments: Mapping[str, Any], work: CaseWork) -> tuple[str, ...]:
    found = (match.group(1) for match in _matches(sendable(text), arguments, work))
    return tuple(dict.fromkeys(each for each in found if each))


def _matches(text: str, arguments: Mapping[str, Any], work: CaseWork) -> Iterator[Any]:
    """The matches of the pattern; raises Unjudgeable if finding them takes too long.

    A pattern without a bound can look at the rest of the text for each match.
    """
    pattern = arguments.get("pattern")
    if pattern is None:
        yield from compiled(DEFAULT_PATTERN).finditer(text)
        return
    at, left = "/arguments/pattern", MAX_COMPARED_CHARS
    for match in searchable_by(pattern, text, at, work).finditer(text):
        cost = _COST_OF_A_MATCH + len(text) - match.start()
        work.count(_OF_A_CHARACTER * cost)
        left -= cost
        if left < 0:
            raise Unjudgeable("it takes too long to find all citations", at)
        yield match


def cited_sentences(
    text: str, arguments: Mapping[str, Any], work: CaseWork
) -> tuple[CitedSentence, ...]:
    """The sentences with citations; one after the full stop belongs to the sentence before it.

    Raises Unjudgeable for too many sentences, and if it takes too long to find the citations.
    """
    found: list[list[str]] = []
    for sentence in _sentences(text):
        if found and _NO_WORD.fullmatch(_without_citations(sentence, arguments, work)):
            found[-1].append(sentence)
        else:
            found.append([sentence])
    whole = (" ".join(parts) for parts in found)
    cited = (CitedSentence(sentence, _ids_in(sentence, arguments, work)) for sentence in whole)
    return tuple(sentence for sentence in cited if sentence.ids)


def _sentences(text: str) -> list[str]:
    parts = (part.strip() for part in _SENTENCE_END.split(sendable(text)))
    found = [part for part in parts if part]
    if len(found) > _MOST_SENTENCES:
        raise Unjudgeable(f"the text has over {_MOST_SENTENCES:,} sentences")
    return found


def _without_citations(sentence: str, arguments: Mapping[str, Any], work: CaseWork) -> str:
    pieces, at = list[str](), 0
    for match in _matches(sentence, arguments, work):
        pieces.append(sentence[at : match.start()])
        at = match.end()
    return "".join((*pieces, sentence[at:]))
