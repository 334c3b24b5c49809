"""A prompt of a pack, prepared to check many answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from promptops.analysis.input_schemas import InputSchemas
from promptops.errors import InputError
from promptops.evals.assertion import Assertion
from promptops.evals.cost import answer_cost_usd
from promptops.evals.judge_answer import OUTPUT
from promptops.evals.left_out import calls_a_model, reads_messages
from promptops.evals.parse import parse
from promptops.evals.record import Beside, Record, facts_of
from promptops.evals.verdict import Undecided, Unjudgeable
from promptops.model.answer import Answer, Usage
from promptops.model.internal_error import CaughtBug, InternalError
from promptops.model.place import Place, Text, plain_text
from promptops.model.prompt import Prompt
from promptops.model.request import Request
from promptops.model.sample import Sample
from promptops.records import record, replace
from promptops.runtime.bundle.prompts import prompt_of
from promptops.runtime.bundle.strict_json import Fields
from promptops.runtime.request.answers import AnswerError, Answers
from promptops.runtime.request.render import Renderer

Outcome = tuple[bool | None, float | None]
"""Whether an assertion holds, None if it is unscorable; and its degree from 0 to 1, or None."""

PASSED: Outcome = (True, 1.0)
FAILED: Outcome = (False, 0.0)
UNSCORABLE: Outcome = (None, None)
_NO_USAGE = Usage()


@record(frozen=True, slots=True, kw_only=True)
class PreparedAssertion:
    """An assertion of a prompt, parsed once.

    Attributes:
        number: The same for an assertion that several releases of a prompt have.
        written: Its JSON text; "" for the output contract.
        assertion: None for the output contract.
        needs_messages: It looks at the messages of the request.
    """

    number: int
    type: str
    place: Place
    written: str
    must: bool
    score: str | None = None
    weight: float = 1.0
    assertion: Assertion | None = None
    needs_messages: bool = False


class Prepared:
    """A prompt with its assertions.

    Attributes:
        id, digest: Of the prompt.
        score: The score that `evaluation` names as the primary one, or None.
        assertions: Those that call no model, in the order of the file; then the output contract.
        judged: Those that judges, embedding or moderation models decide.
        bugs: Of promptops, by where they occurred.
    """

    def __init__(self, value: Mapping[str, Any], numbers: Mapping[tuple[str, str], int]) -> None:
        """`numbers` are those of assertions, by the prompt's id and the JSON text."""
        self.id: str = value["id"]
        self.digest: str = value["digest"]
        self.score: str | None = value["score"]
        self.bugs: set[InternalError] = set()
        self._value = value
        self._prompt = prompt_of(Fields(value["prompt"]))
        self._beside = Beside(price=value["price"])
        self._judge = value["judge"]
        written = list(self._written(numbers))
        self.judged = tuple(each for each in written if _is_judged(each))
        self.assertions = (
            *(each for each in written if not _is_judged(each)),
            *self._output_contract(numbers),
        )
        self._reader = Answers(self.id, self._prompt.output) if value["output"] else None
        self._needs_messages = any(each.needs_messages for each in self.assertions)

    def check(self, sample: Sample, answer: Answer) -> list[Outcome]:
        """The outcome of each assertion for an answer."""
        record_ = self.record(sample, answer)
        has_messages = bool(record_.request.messages)
        return [
            self._outcome(each, record_) if has_messages or not each.needs_messages else UNSCORABLE
            for each in self.assertions
        ]

    def reasons(self, sample: Sample, answer: Answer, outcomes: Sequence[Outcome]) -> list[str]:
        """Why each assertion fails, "" for others; a reason may quote the answer.

        Args:
            outcomes: Of `check`, for the same answer.
        """
        record_ = self.record(sample, answer)
        return [
            self._reason(each, record_) if passed is False else ""
            for each, (passed, _) in zip(self.assertions, outcomes, strict=True)
        ]

    def record(self, sample: Sample, answer: Answer) -> Record:
        """An answer as assertions receive it; without messages if nothing needs or has them."""
        root, facts = facts_of(answer)
        inputs = self.inputs(sample)
        messages = self._messages(sample, inputs) if self._needs_messages else ()
        return Record(
            on="answer",
            text=answer.text,
            root=root,
            request=Request(messages=messages, **self._renderer.fixed),
            names={**facts, "inputs": inputs or {}, "expected": None},
            answer=answer,
            beside=self._beside,
            judge=self._judge,
        )

    def request(self, sample: Sample) -> Request:
        """The request of a sample; without messages if they are unknown."""
        messages = self._messages(sample, self.inputs(sample))
        return Request(messages=messages, **self._renderer.fixed)

    @property
    def path(self) -> str:
        """The path of the prompt file."""
        return self._prompt.path

    @property
    def for_judges(self) -> Prompt:
        """The prompt without assertions and contract of its own."""
        return replace(self._prompt, evaluation={"judge": self._judge, "output": False})

    def inputs(self, sample: Sample) -> Mapping[str, Any] | None:
        """The inputs of a sample as JSON data; None if they are not recorded."""
        if sample.inputs is None or not sample.inputs_are_text:
            return sample.inputs
        return {name: self._of_text(name, text) for name, text in sample.inputs.items()}

    def cost_usd(self, sample: Sample) -> float | None:
        """The recorded cost, else that of its usage; None if it is unknown."""
        if sample.cost_usd is not None or sample.usage is None:
            return sample.cost_usd
        model = self._prompt.model
        provider, name = model.provider or "", model.id or ""
        return answer_cost_usd(sample.usage, provider, name, self._beside.price)

    def _written(self, numbers: Mapping[tuple[str, str], int]) -> Iterator[PreparedAssertion]:
        for each in self._value["assertions"]:
            assertion, _ = parse(json.loads(each["written"]), "answer")
            if assertion is not None:
                yield _prepared(assertion, numbers[self.id, each["written"]], each)

    def _output_contract(
        self, numbers: Mapping[tuple[str, str], int]
    ) -> Iterator[PreparedAssertion]:
        if self._value["output"]:
            place, number = Place(*self._value["output"]), numbers[self.id, ""]
            yield PreparedAssertion(number=number, type=OUTPUT, place=place, written="", must=True)

    def _outcome(self, each: PreparedAssertion, record_: Record) -> Outcome:
        if each.assertion is None:
            return self._output(record_)
        with CaughtBug() as bug:
            try:
                return each.assertion.outcome(record_)
            except Undecided:
                return UNSCORABLE
            except Unjudgeable:
                return None, 0.0
        if bug.error is not None:
            self.bugs.add(bug.error)
        return UNSCORABLE

    def _reason(self, each: PreparedAssertion, record_: Record) -> str:
        try:
            if each.assertion is None:
                self._read(record_)
                return ""
            verdict = each.assertion.judge(record_)
        except AnswerError as error:
            return error.message
        except Unjudgeable:
            return ""
        return "" if verdict.passed else verdict.reason

    def _output(self, record_: Record) -> Outcome:
        """Whether the application could parse the answer; as `judge_answer.judge_output`."""
        try:
            return PASSED if self._read(record_) else UNSCORABLE
        except AnswerError:
            return FAILED

    def _read(self, record_: Record) -> bool:
        """Whether there is an output to read; raises AnswerError if the application could not."""
        answer = record_.answer
        if self._reader is None or answer is None:
            return False
        if answer.tool_calls and not answer.text.strip():
            return False
        self._reader.read(answer.text, answer.finish_reason)
        return True

    def _messages(
        self, sample: Sample, inputs: Mapping[str, Any] | None
    ) -> tuple[Mapping[str, Any], ...]:
        if sample.messages:
            return sample.messages
        if inputs is None:
            return ()
        try:
            return self._renderer.messages(inputs)[1]
        except InputError:  # the release does not accept these inputs
            return ()

    @cached_property
    def _renderer(self) -> Renderer:
        parts: dict[str, Text] = {
            path: plain_text(path, text) for path, text in self._value["parts"].items()
        }
        includes: Mapping[str, Any] = self._value["prompt"].get("includes", {})

        def load(origin: str, name: str) -> Text | None:
            return parts.get(includes.get(origin, {}).get(name, ""))

        # Assertions look at text: the data of images is not in the pack.
        return Renderer(self._prompt, load, lambda _path: b"")

    @cached_property
    def _input_schemas(self) -> InputSchemas:
        return InputSchemas(self._prompt.inputs)

    def _of_text(self, name: str, text: Any) -> Any:
        """An input that is recorded as text: JSON, if its schema does not accept a string."""
        shape = self._input_schemas.at(name)
        if shape is None or not shape.types or "string" in shape.types:
            return text
        try:
            return json.loads(text)
        except (ValueError, TypeError, RecursionError):
            return text


def answer_of(sample: Sample) -> Answer | None:
    """The answer of a sample; None for an error, and if the log has no content."""
    if sample.error or (sample.output is None and not sample.tool_calls):
        return None
    return Answer(
        text=sample.output or "",
        tool_calls=sample.tool_calls,
        finish_reason=sample.finish_reason,
        model=sample.model,
        fingerprint=sample.fingerprint or None,
        usage=sample.usage or _NO_USAGE,
        latency_s=sample.latency_s,
    )


def _prepared(assertion: Assertion, number: int, written: Mapping[str, Any]) -> PreparedAssertion:
    return PreparedAssertion(
        number=number,
        type=assertion.type,
        place=Place(*written["place"]),
        written=written["written"],
        must=assertion.must,
        score=assertion.score,
        weight=assertion.weight,
        assertion=assertion,
        needs_messages=reads_messages(assertion),
    )


def _is_judged(each: PreparedAssertion) -> bool:
    return each.assertion is not None and calls_a_model(each.assertion)
