"""A prompt under test: its cases, its texts, and the same prompt with one edit."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any

from promptops.analysis.coverage import place_of
from promptops.catalog.catalog import Catalog
from promptops.errors import PromptopsError
from promptops.evals.result import Judgement, judge_assertion, record_of, violations
from promptops.evals.subject import Record, text_of, text_of_messages
from promptops.model.answer import Answer
from promptops.model.mutant import Kill, MutantStatus
from promptops.model.place import Offsets, Place, Text
from promptops.model.prompt import (
    ForEach,
    Message,
    Part,
    Prompt,
    Request,
    TextPart,
    Turn,
    messages_of,
)
from promptops.patterns import lazy_pattern
from promptops.records import field, record, replace
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer
from promptops.runtime.template.limits import PromptBudget
from promptops.runtime.template.template import Template
from promptops.runtime.template.text_rendering import Load
from promptops.testing.judging import AnswerJudge, judged_answers
from promptops.testing.plan import CaseKey, PlannedCase

_JudgedCase = tuple[PlannedCase, Answer | None, tuple[Judgement, ...]]
"""A case with its recorded answer, and the verdicts on it."""


class Effect(IntEnum):
    """The largest difference between two sets of requests."""

    NONE = 0
    WHITE_SPACE = 1
    WORDS = 2


@record(frozen=True, slots=True)
class Observation:
    """What the cases notice of a variant.

    Attributes:
        effect: Of the change on all requests; WORDS for a killed mutant.
        kill: The first check that fails, but a quote only alone; None if nothing noticed it.
        seen: Whether a case renders the changed text; for `effect` NONE.
    """

    effect: Effect = Effect.NONE
    kill: Kill | None = None
    seen: bool = True

    @property
    def status(self) -> MutantStatus | None:
        """None for an equivalent mutant."""
        if self.kill is not None:
            return "killed"
        if self.effect is Effect.NONE and not self.seen:
            return "unseen"
        return "survived" if self.effect is Effect.WORDS else None


class TestedPrompt:
    """A prompt with those of its cases that can be rendered and have assertions.

    Attributes:
        cases: The first repeat of each.
        everywhere: The prompt with other words in all its texts.
        left_out: It has cases, but none that the user named.
        unretrieved: Why the input of a case could not be retrieved, or "".
    """

    __test__ = False  # its name would make pytest collect it

    def __init__(
        self,
        catalog: Catalog,
        prompt: Prompt,
        plan: Iterable[PlannedCase],
        judging: AnswerJudge,
    ) -> None:
        """Makes no API calls: `judging` must only look up answers; `plan` has no other repeats."""
        self.prompt = prompt
        self._catalog = catalog
        self._judging = judging
        self._recorded: list[_JudgedCase] | None = None
        self._failing_on_answers = 0
        self.left_out = False
        self.everywhere = Rewording(self, reworded_prompt(self.original))
        planned_cases = tuple(plan)
        self.cases = tuple(
            planned
            for planned in planned_cases
            if planned.request is not None and not planned.error
        )
        failed = (planned for planned in planned_cases if planned.case.unrecorded)
        self.unretrieved = next((each.error for each in failed if not each.unrecorded), "")

    @property
    def original(self) -> Variant:
        """The prompt as it stands."""
        return Variant(self.prompt, self._catalog.load)

    @property
    def failing(self) -> int:
        """The number of assertions that fail already; on answers, if they were tried."""
        judged = (each for planned in self.cases for each in planned.rendered)
        rendered = sum(each.must and each.status in ("failed", "error") for each in judged)
        return rendered + self._failing_on_answers

    def observe(self, variant: Variant, reworded: Variant | None = None) -> Observation:
        """Render all cases with a variant of the prompt, and check the `rendered` assertions.

        `reworded` is the original with other words at the place; None if it has no words.
        """
        effect, quote = Effect.NONE, None
        at_place = None if reworded is None else Rewording(self, reworded)
        try:
            renderer = self.renderer(variant)
            for planned in self.cases:
                request = renderer.request(planned.case.inputs)
                new = _effect_of(planned.request, request)
                effect = max(effect, new)
                for index, kill in self._refusals(planned, request) if new else ():
                    if not self._quotes(planned, index, at_place):
                        return Observation(effect, kill)
                    quote = quote or replace(kill, quotes=True)
        except PromptopsError as error:  # a RenderError, or a rendering that took too long
            return Observation(Effect.WORDS, self._not_rendered(planned, error))
        return Observation(effect, quote)

    def _quotes(self, planned: PlannedCase, index: int, at_place: Rewording | None) -> bool:
        """Whether a `rendered` assertion quotes a broken place, not what the request does.

        It quotes if it also fails when the place keeps its values and only has other words; and if
        it repeats nearly all of a message, with words that stand in the prompt.
        """
        if at_place is not None and at_place.breaks(planned, index):
            return True
        assert planned.request is not None
        copy = _is_copy(planned.case.rendered[index], planned.request)
        return copy and self.everywhere.breaks(planned, index)

    def changed_cases(self, variant: Variant) -> Iterator[tuple[PlannedCase, PlannedCase]]:
        """The cases whose requests a variant changes: each as planned, and for the variant."""
        renderer = self.renderer(variant)
        for planned in self.cases:
            request = renderer.request(planned.case.inputs)
            if _effect_of(planned.request, request) is Effect.WORDS:
                yield (
                    planned,
                    replace(
                        planned,
                        prompt=variant.prompt,
                        request=request,
                        digest=request_digest(request),
                    ),
                )

    def renderer(self, variant: Variant) -> Renderer:
        """It renders each case once."""
        budget = PromptBudget(len(self.cases))
        return Renderer(variant.prompt, variant.load, self._catalog.files.data, budget)

    def _not_rendered(self, planned: PlannedCase, error: PromptopsError) -> Kill:
        return Kill(
            kind="render",
            prompt=self.prompt.id,
            case=planned.case.name,
            reason=f"it can't be rendered: {error.message}",
            place=planned.place,
        )

    def _refusals(self, planned: PlannedCase, request: Request) -> Iterator[tuple[int, Kill]]:
        """The contracts on the request that no longer hold, each with its index."""
        case, data = planned.case, record_of(request, planned.case)
        for index, before in enumerate(planned.rendered):
            if before.must and before.passed:
                now = judge_assertion(case.rendered[index], data, _nowhere)
                if now.status in ("failed", "error"):
                    yield index, self._kill("rendered", planned, now, before.place)

    def _kill(self, kind: Any, planned: PlannedCase, now: Judgement, place: Place) -> Kill:
        return Kill(
            kind=kind,
            prompt=self.prompt.id,
            case=planned.case.name,
            assertion=now.type,
            reason=now.reason,
            place=place,
        )

    def refuses(self, variant: Prompt, witness: Witness) -> Kill | None:
        """The first contract that refuses an answer which only the variant allows.

        The witness is put into each recorded answer that keeps all contracts; without one, it
        is the answer to each case.
        """
        good = self._good_answers()
        unanswered = [(planned, None, ()) for planned in self.cases if planned.needs_answer]
        for planned, answer, before in good or unanswered:
            changed = _changed_answer(witness, answer)
            if changed is not None:
                now = self._judged(variant, planned, changed)
                # Both are in the order of the assertions; the output contract comes last.
                kept = [judgement.passed for judgement in before] or [True] * len(now)
                refused = [after for after, was in zip(now, kept, strict=False) if was]
                for judgement in violations(refused)[:1]:
                    return self._kill("witness", planned, judgement, judgement.place)
        return None

    def _judged(
        self, variant: Prompt, planned: PlannedCase, answer: Answer
    ) -> tuple[Judgement, ...]:
        """The verdicts on an answer to the variant; its own output contract admits it."""
        assert planned.request is not None
        fixed = self.renderer(Variant(variant, self._catalog.load)).fixed
        request = Request(messages=planned.request.messages, **fixed)
        prompt = replace(variant, evaluation={**variant.evaluation, "output": False})
        case = replace(planned, prompt=prompt, request=request)
        return self._judging.judge([(case, answer)])[0]

    def _good_answers(self) -> list[_JudgedCase]:
        """The recorded answers that keep all contracts."""
        if self._recorded is None:
            wanted = [planned for planned in self.cases if planned.needs_answer]
            judged = judged_answers(self._judging, wanted)[0]
            self._recorded = [
                (each.planned, each.answer, each.judgements)
                for each in judged
                if not violations(each.judgements)
            ]
            self._failing_on_answers = sum(len(violations(each.judgements)) for each in judged)
        return self._recorded


def _changed_answer(witness: Witness, answer: Answer | None) -> Answer | None:
    """The witness of an answer; of a conversation with each turn that has one."""
    if answer is None or not answer.turns:
        return witness(answer)
    turns = tuple(
        replace(turn, answer=witness(turn.answer) or turn.answer) for turn in answer.turns
    )
    last = turns[-1].answer
    changed = replace(answer, text=last.text, tool_calls=last.tool_calls, turns=turns)
    return None if turns == answer.turns else changed


# Whether an assertion on the request quotes the prompt.

_COPY = 0.8
"""The share of a message that an assertion repeats, from which on it is a copy of it."""

_NO_WORDS = lazy_pattern(r"\{[{%#].*?[}%#]\}|<[^<>\n]*>", re.DOTALL)
_WORD = lazy_pattern(r"\w+")


class Rewording:
    """A prompt with other words, and its request for each case, rendered when it is needed."""

    def __init__(self, tested: TestedPrompt, variant: Variant) -> None:
        self._tested = tested
        self._variant = variant
        self._records: dict[CaseKey, Record | None] = {}

    def breaks(self, planned: PlannedCase, index: int) -> bool:
        """Whether the `rendered` assertion with this index fails, or can't be checked."""
        data = self._record(planned)
        if data is None:
            return True
        return not judge_assertion(planned.case.rendered[index], data, _nowhere).passed

    def _record(self, planned: PlannedCase) -> Record | None:
        key = planned.case_key
        if key not in self._records:
            try:
                renderer = self._tested.renderer(self._variant)
                request = renderer.request(planned.case.inputs)
                self._records[key] = record_of(request, planned.case)
            except PromptopsError:  # its words take part in a computation
                self._records[key] = None
        return self._records[key]


def _is_copy(written: Mapping[str, Any], request: Request) -> bool:
    """Whether an assertion has strings that are nearly all of a message, or of all of them."""
    strings = [_plain(each) for each in _strings_in(written)]
    whole = text_of_messages(request.messages)
    messages = (text_of(message.get("content")) for message in request.messages)
    texts = map(_plain, (whole, *messages))
    return any(_copied(text, strings) >= _COPY for text in texts if text)


def _copied(text: str, strings: Sequence[str]) -> float:
    """The share of a text in the strings, such as in those of a list or in an expression."""
    if any(text in each and len(text) >= len(each) / 2 for each in strings):
        return 1.0
    return sum(len(each) for each in strings if each in text) / len(text)


def _plain(text: str) -> str:
    """A text without white space, and without the escapes of a pattern."""
    return "".join(text.split()).replace("\\", "")


def _strings_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _strings_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings_in(part)


def other_words(template: str) -> str:
    """A template with other and fewer words; tags, markup and punctuation stay.

    Half of the words are dropped, so that a count of words or characters depends on them, too.
    """
    parts: list[str] = []
    number, end = 0, 0

    def word(_: re.Match[str]) -> str:
        nonlocal number
        number += 1
        return "" if number % 2 else "x"

    for kept in _NO_WORDS.finditer(template):
        parts += [_WORD.sub(word, template[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*parts, _WORD.sub(word, template[end:])])


def reworded_text(text: Text, start: int = 0, end: int | None = None) -> Text:
    """A text with other words in a span; in all of it without one."""
    last = len(text.value) if end is None else end
    return with_span(text, start, last, other_words(text.value[start:last]))


def reworded_includes(of: Variant) -> Variant:
    """A prompt whose included texts have other words."""

    def load(origin: str, name: str) -> Text | None:
        found = of.load(origin, name)
        return None if found is None else reworded_text(found)

    return Variant(of.prompt, load)


def reworded_prompt(of: Variant, pointers: Collection[str] | None = None) -> Variant:
    """A prompt with other words in its messages, or in those at some pointers, and in includes."""

    def reworded(message: Message, turn: Turn) -> Message:
        if pointers is not None and not {turn.at, message.at} & set(pointers):
            return message
        parts = (
            replace(part, text=reworded_text(part.text)) if isinstance(part, TextPart) else part
            for part in message.parts
        )
        return replace(message, parts=tuple(parts))

    return reworded_includes(Variant(_with_messages(of.prompt, reworded), of.load))


def _with_messages(prompt: Prompt, change: Callable[[Message, Turn], Message]) -> Prompt:
    """The prompt with other messages; `change` gets each with its turn, which may be a loop."""

    def changed(turn: Turn) -> Turn:
        if isinstance(turn, ForEach):
            return replace(turn, messages=tuple(change(each, turn) for each in turn.messages))
        return change(turn, turn) if isinstance(turn, Message) else turn

    return replace(prompt, messages=tuple(map(changed, prompt.messages)))


def _nowhere(_pointer: str, _key: bool, /, within: Offsets | None = None) -> Place:
    """Computing the place of an assertion takes longer than checking it."""
    return Place("")


def _effect_of(before: Request | None, after: Request) -> Effect:
    if before == after:
        return Effect.NONE
    if before is None or replace(before, messages=after.messages) != after:
        return Effect.WORDS
    same = _collapsed(list(before.messages)) == _collapsed(list(after.messages))
    return Effect.WHITE_SPACE if same else Effect.WORDS


def _collapsed(value: Any) -> Any:
    """A JSON value whose strings have single blanks as white space."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, Mapping):
        return {key: _collapsed(part) for key, part in value.items()}
    return [_collapsed(part) for part in value] if isinstance(value, list) else value


# The texts of prompts, each once, with the prompts that use it.


@record(slots=True, kw_only=True)
class Source:
    """A text of one or several prompts.

    Attributes:
        whole: It is a whole file: a partial, or the body of a message.
        is_expression: It is a `when`.
        users: The selected prompts that use it, its own prompt first.
    """

    text: Text
    whole: bool
    is_expression: bool
    users: list[TestedPrompt] = field(default_factory=list)
    _originals: dict[str, set[int]] = field(default_factory=dict)

    def use(self, user: TestedPrompt, text: Text) -> None:
        """Note that a prompt uses the text, as a Text of its own."""
        if user not in self.users:
            own = user.prompt.path == self.text.path
            self.users.insert(0 if own else len(self.users), user)
        self._originals.setdefault(user.prompt.path, set()).add(id(text))

    def variant(self, user: TestedPrompt, text: Text) -> Variant:
        """The prompt of a user, with another text in its place."""
        path = self.text.path if self.whole else ""
        return laid_over(user.original, self._originals[user.prompt.path], path, text)

    def roles(self, user: TestedPrompt) -> tuple[str, ...]:
        """The roles of the user's messages that have it as their own text."""
        originals = self._originals[user.prompt.path]
        return tuple(
            message.role
            for message in messages_of(user.prompt.messages)
            if any(isinstance(p, TextPart) and id(p.text) in originals for p in message.parts)
        )


def sources_of(catalog: Catalog, tested: Iterable[TestedPrompt]) -> list[Source]:
    """The texts of prompts in the order of their places; empty ones are left out."""
    found: dict[tuple[str, int, int, bool], Source] = {}
    for user in tested:
        for text, is_expression in _texts_of(catalog, user.prompt):
            if text.value:
                key = (*place_of(text, 0), is_expression)
                whole = text.path not in catalog.ids
                new = Source(text=text, whole=whole, is_expression=is_expression)
                found.setdefault(key, new).use(user, text)
    return [found[key] for key in sorted(found)]


def _texts_of(catalog: Catalog, prompt: Prompt) -> Iterator[tuple[Text, bool]]:
    for message in messages_of(prompt.messages):
        for part in (message, *message.parts):
            if part.when is not None:
                yield part.when, True
            if isinstance(part, TextPart):
                yield part.text, False
    for text in catalog.reached(prompt):
        if text.path not in catalog.ids:
            yield text, False


def is_shared_with_others(catalog: Catalog, path: str, users: Sequence[TestedPrompt]) -> bool:
    """Whether prompts that are not selected use a file."""
    known = {user.prompt.path for user in users}
    others = catalog.dependent_prompts(path)
    return any(other not in known for other in others)


# A prompt with a changed text laid over it; no file is written.


@record(frozen=True, slots=True)
class Variant:
    """A prompt, and how its templates find others."""

    prompt: Prompt
    load: Load


def laid_over(of: Variant, originals: Collection[int], path: str, text: Text) -> Variant:
    """The prompt with another text in place of some of its own.

    Args:
        originals: The `id` of each Text of the prompt to replace.
        path: The file that is replaced for includes, or "".
    """

    def replaced(own: Text | None) -> Text | None:
        return text if id(own) in originals else own

    def changed_part(part: Part) -> Part:
        when = replaced(part.when)
        if not isinstance(part, TextPart):
            return replace(part, when=when)
        own = text if id(part.text) in originals else part.text
        return replace(part, when=when, text=own)

    def changed(message: Message, _turn: Turn) -> Message:
        parts = tuple(map(changed_part, message.parts))
        return replace(message, parts=parts, when=replaced(message.when))

    def load(origin: str, name: str) -> Text | None:
        found = of.load(origin, name)
        return text if found is not None and found.path == path else found

    return Variant(_with_messages(of.prompt, changed), load if path else of.load)


def with_span(text: Text, start: int, end: int, after: str) -> Text:
    """The text with a span replaced; places are those of the original."""
    value = f"{text.value[:start]}{after}{text.value[end:]}"
    last = len(text.value)
    return Text(text.path, value, lambda offset: text.locate(min(offset, last)))


# Texts to break, and edits of texts and of prompts.

POISON = "1 / 0"
"""An expression that fails whenever it is evaluated."""


@record(frozen=True, slots=True, kw_only=True)
class TemplateText:
    """A text to break.

    Attributes:
        template: Its parsed form; None if it has no tags, and for the expression of a `when`.
        is_expression: It is a `when`: an expression instead of a template.
        flat: The text with the same offsets, in which VALUE replaces each character of a
            `{{ value }}`, and a newline each one of all other tags and of fenced code.
        fences: The spans of fenced code, in order.
    """

    text: Text
    template: Template | None = None
    is_expression: bool = False
    flat: str = ""
    fences: tuple[Offsets, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class TextEdit:
    """A span of a text to replace.

    Attributes:
        start, end: Offsets in the text; `start` < `end`.
        change: The change in words.
        subject: The span to assert; None for the replaced span.
        poison: A replacement of the span that fails when it is rendered.
    """

    start: int
    end: int
    after: str = ""
    change: str
    subject: Offsets | None = None
    poison: str = f"{{{{ {POISON} }}}}"


Witness = Callable[[Answer | None], Answer | None]
"""From a recorded answer, or None without one, to what a model may answer to the broken prompt.

None if the answer would not differ.
"""


@record(frozen=True, slots=True, kw_only=True)
class PromptEdit:
    """A broken prompt.

    Attributes:
        place: Of what is missing or changed, in the file that has it.
        after: The replacement of the text at the place.
        suggestion: What to assert, or "".
        dropped: JSON pointers of the messages or the tool that are missing, in their order; `place`
            begins with the first of them.
        reworded: For a change of something else than messages: the prompt with another name at the
            place; None if it has no name of its own.
        witness: For a change that no request shows to assertions: the answers that it allows.
        on_request: Whether the change is visible in the messages, unlike that of a schema.
    """

    prompt: Prompt
    place: Place
    after: str = ""
    change: str
    suggestion: str = ""
    dropped: tuple[str, ...] = ()
    reworded: Prompt | None = None
    witness: Witness | None = None
    on_request: bool = True


TextOperator = Callable[[TemplateText], Iterator[TextEdit]]


def shortened(text: str, most: int = 60) -> str:
    """A text on one line, cut after `most` characters."""
    words = " ".join(text.split())
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"
