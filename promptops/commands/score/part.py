"""Score one part of the samples: join them with prompts of the pack, check and sum them up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any

from promptops.analysis.input_schemas import InputSchemas, sample_inputs
from promptops.commands.score.events import EventLines
from promptops.commands.score.picked_samples import (
    HASH_RANGE,
    ScoredSample,
    checked_assertions,
    hash_of,
    ids_of,
)
from promptops.commands.score.sums import (
    BILLION,
    SCORE_PREFIX,
    GroupSums,
    Partial,
    bucket_of,
    step_of,
)
from promptops.errors import InputError
from promptops.evals.alert_metrics import calls_a_model, reads_messages
from promptops.evals.cost import answer_cost_usd
from promptops.evals.judge_answer import OUTPUT, flaw_of, unallowed_flaw
from promptops.evals.parse import Assertion, parse
from promptops.evals.refusals import refusal_in
from promptops.evals.subject import Beside, Record, facts_of
from promptops.evals.verdict import Undecided, Unjudgeable
from promptops.model.answer import Answer, Usage
from promptops.model.internal_error import CaughtBug, InternalError
from promptops.model.place import Place, Text, plain_text
from promptops.model.prompt import Prompt, Request
from promptops.model.score import UNNAMED, BrokenLine, Dimension, Part, PartEnd, Sample, SimilarKey
from promptops.records import field, record, replace
from promptops.runtime.bundle.format import Fields
from promptops.runtime.bundle.prompts import prompt_of
from promptops.runtime.request.answers import AnswerError, Answers
from promptops.runtime.request.render import Renderer
from promptops.source.traffic.parts import samples
from promptops.source.traffic.values import embedded

_HIGHEST_COST_USD = 1_000.0
"""A request that costs more is a mistake of the log; sums of billionths must fit into 64 bits."""


def score_part(part: Part, pack: Pack) -> Partial:
    """The sums over the samples of a part; the same in every process.

    Raises InputError if the file can't be read, and UsageError for too many groups.
    """
    values = samples(part, pack.settings.fields)
    if pack.settings.only_ids:
        partial = Partial(pack.settings.by)
        partial.ids = ids_of(values, part)
    else:
        partial = score_samples(values, pack, part.repeated)
    partial.part = part
    return partial


def score_samples(
    values: Iterable[Sample | BrokenLine | SimilarKey | PartEnd],
    pack: Pack,
    repeated: Sequence[int] = (),
) -> Partial:
    """The sums over samples, and over what else a reader yields.

    `repeated` are the 0-based numbers of the samples that are counted, and not scored.
    """
    scoring = _Scoring(joining_of(pack), pack.settings, frozenset(repeated))
    partial = scoring.partial
    for value in values:
        if isinstance(value, Sample):
            scoring.add(value)
        elif isinstance(value, BrokenLine):
            partial.add_broken(value)
        elif isinstance(value, SimilarKey):
            partial.add_similar_key(value.key, value.nearest)
        else:
            partial.counts.lines += value.lines
            partial.counts.ignored.update(value.ignored)
    partial.check_cells()
    partial.bugs = {bug for prompt in scoring.joining.prepared for bug in prompt.bugs}
    partial.events = scoring.events()
    return partial


class _Scoring:
    def __init__(self, joining: Joining, settings: PartSettings, repeated: frozenset[int]) -> None:
        self.joining = joining
        self._repeated = repeated
        self.partial = Partial(settings.by, settings.failures, settings.judge)
        self._settings = settings
        self._values = tuple(_DIMENSION_VALUES[name] for name in settings.by)
        self._below = round(settings.share * HASH_RANGE)
        self._events = EventLines(settings.content) if settings.events else None

    def add(self, sample: Sample) -> None:
        counts = self.partial.counts
        counts.read += 1
        if counts.read - 1 in self._repeated:
            counts.repeated += 1
            return
        if sample.prompt in self.joining.unselected:
            counts.unselected += 1
            return
        if self._settings.share < 1 and hash_of(f"sample {sample.id}") >= self._below:
            return
        counts.sampled += 1
        joined = self.joining.join(sample)
        if joined is None:
            self.partial.unjoined.add(unjoined_name(sample))
            return
        counts.scored += 1
        self.partial.prompts.add(joined.prompt.id)
        counts.by_id_only += joined.by_id_only
        counts.altered += bool(
            sample.prompt_digest and sample.prompt_digest != joined.prompt.digest
        )
        self._score(sample, joined)

    def events(self) -> bytes:
        """The compressed lines of all events; empty if none are wanted."""
        return self._events.finish() if self._events is not None else b""

    def _score(self, sample: Sample, joined: Joined) -> None:
        key = tuple([value(sample, joined) for value in self._values])
        group = self.partial.group(key)
        bucket = bucket_of(sample)
        answer = answer_of(sample)
        group.add("requests", bucket, 0)
        group.add("errors", bucket, bool(sample.error))
        self._add_facts(group, bucket, sample, joined.prompt)
        if answer is None:
            self.partial.counts.without_answer += not sample.error
        else:
            self._count_form(sample)
            self._check(group, bucket, sample, joined, answer)
            if self._settings.judge and joined.prompt.judged:
                self.partial.judgeable.add(key, sample)

    def _count_form(self, sample: Sample) -> None:
        """Whether the answer is text or JSON, or was inside of a message or response."""
        counts = self.partial.counts
        if sample.unwrapped:
            counts.unwrapped_answers += 1
        elif sample.output:
            is_json = not isinstance(embedded(sample.output), str)
            counts.json_answers += is_json
            counts.text_answers += not is_json

    def _add_facts(self, group: GroupSums, bucket: int, sample: Sample, prompt: Prepared) -> None:
        usage = sample.usage
        if usage is not None:
            group.add_tokens(usage.input, usage.output)
        cost = prompt.cost_usd(sample)
        if cost is None or not 0 <= cost <= _HIGHEST_COST_USD:
            self.partial.counts.without_cost += 1
        else:
            group.add("cost", bucket, round(cost * BILLION))
        if sample.latency_s is not None:
            group.steps[step_of(sample.latency_s)] += 1

    def _check(
        self, group: GroupSums, bucket: int, sample: Sample, joined: Joined, answer: Answer
    ) -> None:
        prompt = joined.prompt
        outcomes = prompt.check(sample, answer)
        scores = scores_of(prompt.assertions, outcomes)
        refuses = answer.finish_reason == "content_filter" or refusal_in(answer.text) >= 0
        group.add("refusals", bucket, refuses)
        _add_outcomes(group, bucket, prompt.assertions, outcomes)
        for name, score in scores.items():
            group.add(f"{SCORE_PREFIX}{name}", bucket, score)
        failed = self._settings.failures and any(passed is False for passed, _ in outcomes)
        if failed or self._events is not None:
            self._pass_on(sample, answer, prompt, outcomes, scores)

    def _pass_on(
        self,
        sample: Sample,
        answer: Answer,
        prompt: Prepared,
        outcomes: list[Outcome],
        scores: Mapping[str, int],
    ) -> None:
        """Keep a sample for cases if it fails, and write its events."""
        reasons = prompt.reasons(sample, answer, outcomes) if self._settings.content else []
        scored = ScoredSample(
            sample=sample,
            prompt=prompt.id,
            inputs=prompt.inputs(sample),
            results=checked_assertions(prompt.assertions, outcomes, reasons),
            scores={name: score / BILLION for name, score in scores.items()},
        )
        self.partial.failures.add(scored)
        if self._events is not None:
            self._events.add(scored)


def _add_outcomes(
    group: GroupSums,
    bucket: int,
    assertions: tuple[PreparedAssertion, ...],
    outcomes: list[Outcome],
) -> None:
    """Count each assertion, and whether all contracts hold that could be checked."""
    kept: bool | None = None
    for assertion, (passed, _) in zip(assertions, outcomes, strict=True):
        if passed is None:
            group.unscorable[assertion.number] += 1
            continue
        group.add(assertion.number, bucket, passed)
        if assertion.must:
            kept = passed and kept is not False
    if kept is not None:
        group.add("contracts", bucket, kept)


def scores_of(assertions: tuple[PreparedAssertion, ...], outcomes: list[Outcome]) -> dict[str, int]:
    """Each score of an answer in billionths: the mean of its measures by weight.

    As `judge_answer.scores`: a measure that can't be checked because of the answer counts 0.
    """
    sums: dict[str, tuple[float, float]] = {}
    for assertion, (_, degree) in zip(assertions, outcomes, strict=True):
        if assertion.score is not None and degree is not None:
            total, weight = sums.get(assertion.score, (0.0, 0.0))
            sums[assertion.score] = (
                total + assertion.weight * degree,
                weight + assertion.weight,
            )
    return {
        name: min(max(round(total / weight * BILLION), 0), BILLION)
        for name, (total, weight) in sums.items()
    }


# The prompt of a sample: found in the pack by what the sample names.

_LAST_JOINING: dict[str, Joining] = {}
"""The pack of this process by its digest: a worker gets the same one with each part."""


def joining_of(pack: Pack) -> Joining:
    """The joining of a pack; prepared once in a process."""
    if pack.digest not in _LAST_JOINING:
        _LAST_JOINING.clear()
        _LAST_JOINING[pack.digest] = Joining(pack)
    return _LAST_JOINING[pack.digest]


_LONGEST_NAME = 200
_MOST_JOINED = 10_000


@record(frozen=True, slots=True, kw_only=True)
class Joined:
    """The prompt of a sample.

    Attributes:
        version: "" if it is not known.
        release: The tag; "" if the sample has neither release nor version.
        by_id_only: The prompt is that of `--at`.
    """

    prompt: Prepared
    version: str
    release: str
    by_id_only: bool = False


@record(frozen=True, slots=True, kw_only=True)
class PackFacts:
    """What the results need to know about the prompts; of several releases, about the latest one.

    Attributes:
        assertions: By number.
        primary: The score that each prompt names as its primary one, or None; by id.
        budgets: USD for a request, or None; by id.
    """

    assertions: Mapping[int, PreparedAssertion]
    primary: Mapping[str, str | None]
    budgets: Mapping[str, float | None]


class Joining:
    """The prompts of a pack by what samples name; each is prepared when it is first needed.

    Attributes:
        unselected: The names of prompts that the user did not select.
    """

    def __init__(self, pack: Pack) -> None:
        value = pack.parsed()
        self._values: list[Mapping[str, Any]] = value["prompts"]
        self._releases: Mapping[str, Mapping[str, list[Any]]] = value["releases"]
        self._versions: Mapping[str, Mapping[str, list[Any]]] = value["versions"]
        self._by_id: Mapping[str, int] = value["by_id"]
        self.unselected = frozenset(value["others"])
        self._prepared: dict[int, Prepared] = {}
        self._joined: dict[tuple[str, str, str], Joined | None] = {}
        # Of assertions by the prompt's id and their JSON text, "" for the output contract.
        self._numbers: dict[tuple[str, str], int] = {}
        for each in self._values:
            for written in (*(one["written"] for one in each["assertions"]), ""):
                self._numbers.setdefault((each["id"], written), len(self._numbers))

    def join(self, sample: Sample) -> Joined | None:
        """The prompt of a sample at its release, or else of its version; None if unknown."""
        key = sample.prompt, sample.release, sample.version
        try:
            return self._joined[key]
        except KeyError:
            found = self._find(*key)
            # A log may have unknown names, or versions beside known releases, without end.
            if found is not None and len(self._joined) < _MOST_JOINED:
                self._joined[key] = found
            return found

    @property
    def prepared(self) -> tuple[Prepared, ...]:
        """The prompts that samples were joined with so far."""
        return tuple(self._prepared.values())

    def facts(self) -> PackFacts:
        """All assertions, scores and budgets; the latest release comes last."""
        prompts = [self._prompt(index) for index in range(len(self._values))]
        return PackFacts(
            assertions={
                each.number: each
                for prompt in prompts
                for each in (*prompt.assertions, *prompt.judged)
            },
            primary={str(value["id"]): value["score"] for value in self._values},
            budgets={str(value["id"]): value["budget"] for value in self._values},
        )

    def _find(self, name: str, release: str, version: str) -> Joined | None:
        if release:
            index, known = self._releases.get(release, {}).get(name, (None, ""))
            if index is None:
                return None
            return Joined(prompt=self._prompt(index), version=known or version, release=release)
        if version:
            return self._of_version(name, version)
        index = self._by_id.get(name)
        if index is None:
            return None
        return Joined(prompt=self._prompt(index), version="", release="", by_id_only=True)

    def _of_version(self, name: str, version: str) -> Joined | None:
        """The prompt of a version, which may also be written as its tag or as `v1.4.0`."""
        known = self._versions.get(name, {})
        for each in (version, version.removeprefix("v")):
            if each in known:
                index, tag = known[each]
                return Joined(prompt=self._prompt(index), version=each, release=tag)
        return self._find(name, version, "") if version in self._releases else None

    def _prompt(self, index: int) -> Prepared:
        if index not in self._prepared:
            self._prepared[index] = Prepared(self._values[index], self._numbers)
        return self._prepared[index]


def unjoined_name(sample: Sample) -> str:
    """What a sample names that no release has: the prompt with its release or version."""
    named = sample.prompt or UNNAMED
    found = " ".join(filter(None, (named, sample.release or sample.version)))
    return found[:_LONGEST_NAME]


# The group of a sample.

_DimensionValue = Callable[[Sample, Joined], str]


def _day(sample: Sample, _: Joined) -> str:
    return "" if sample.at is None else _utc_hour(int(sample.at // 86_400) * 86_400)[:10]


def _hour(sample: Sample, _: Joined) -> str:
    return "" if sample.at is None else _utc_hour(int(sample.at // 3_600) * 3_600)


@lru_cache(maxsize=4_096)
def _utc_hour(seconds: int) -> str:
    """`2026-11-27T14`, in UTC; "" for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H")
    except (ValueError, OverflowError, OSError):
        return ""


_DIMENSION_VALUES: dict[Dimension, _DimensionValue] = {
    "prompt": lambda _, joined: joined.prompt.id,
    "version": lambda _, joined: joined.version,
    "release": lambda _, joined: joined.release,
    "channel": lambda sample, _: sample.channel,
    "model": lambda sample, _: sample.model,
    "day": _day,
    "hour": _hour,
}


# A prompt of a pack, prepared to check many answers.

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
        prompt: Its id.
        written: Its JSON text; "" for the output contract.
        assertion: None for the output contract.
        needs_messages: It looks at the messages of the request.
        is_judged: It calls a model.
    """

    number: int
    prompt: str
    type: str
    place: Place
    written: str
    must: bool
    score: str | None = None
    weight: float = 1.0
    assertion: Assertion | None = None
    needs_messages: bool = False
    is_judged: bool = False


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
        self.judged = tuple(each for each in written if each.is_judged)
        self.assertions = (
            *(each for each in written if not each.is_judged),
            *self._output_contract(numbers),
        )
        self._reader = Answers(self.id, self._prompt.output) if value["output"] else None
        self._needs_messages = any(each.needs_messages for each in self.assertions)

    def check(self, sample: Sample, answer: Answer) -> list[Outcome]:
        """The outcome of each assertion for an answer."""
        record_ = self.record(sample, answer)
        has_messages = bool(record_.request.messages)
        outcomes = [
            self._outcome(each, record_) if has_messages or not each.needs_messages else UNSCORABLE
            for each in self.assertions
        ]
        if not self._flaw(answer):
            return outcomes
        return [
            (False, outcome[1]) if each.must and outcome[0] is not None else outcome
            for each, outcome in zip(self.assertions, outcomes, strict=True)
        ]

    def reasons(self, sample: Sample, answer: Answer, outcomes: Sequence[Outcome]) -> list[str]:
        """Why each assertion fails, "" for others; a reason may quote the answer.

        Args:
            outcomes: Of `check`, for the same answer.
        """
        record_ = self.record(sample, answer)
        flaw = self._flaw(answer)
        return [
            self._reason(each, record_) or flaw if passed is False else ""
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
        return sample_inputs(sample, self._input_schemas)

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
                yield PreparedAssertion(
                    number=numbers[self.id, each["written"]],
                    prompt=self.id,
                    type=assertion.type,
                    place=Place(*each["place"]),
                    written=each["written"],
                    must=assertion.must,
                    score=assertion.score,
                    weight=assertion.weight,
                    assertion=assertion,
                    needs_messages=reads_messages(assertion),
                    is_judged=calls_a_model(assertion),
                )

    def _output_contract(
        self, numbers: Mapping[tuple[str, str], int]
    ) -> Iterator[PreparedAssertion]:
        if self._value["output"]:
            yield PreparedAssertion(
                number=numbers[self.id, ""],
                prompt=self.id,
                type=OUTPUT,
                place=Place(*self._value["output"]),
                written="",
                must=True,
            )

    def _flaw(self, answer: Answer) -> str:
        """Why an answer breaks every contract, or ""; as in `judge_answer`."""
        if flaw_of(answer) is None:
            return ""
        every = (*self.assertions, *self.judged)
        return unallowed_flaw(answer, (each.assertion for each in every if each.assertion))

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


# What a worker needs to score samples, without a repository: prompts, assertions and settings.

FORMAT = 1


@record(frozen=True, slots=True, kw_only=True)
class PartSettings:
    """How the samples of a part are read and added up; see `ScoreOptions`.

    Attributes:
        judge: Samples of each group to keep for judges.
        only_ids: Nothing is scored; only the ids of the samples are read.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    by: tuple[Dimension, ...]
    share: float = 1.0
    judge: int = 0
    failures: int = 0
    events: bool = False
    content: bool = False
    only_ids: bool = False


@record(frozen=True, kw_only=True)
class Pack:
    """The prompts and their evaluations, and the settings; the same for every part.

    Attributes:
        text: Canonical JSON: `prompts`, `releases`, `versions`, `by_id` and `others`; see
            `packing.pack_of`.
        settings: Not covered by the digest.
    """

    text: str
    settings: PartSettings

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return sha256(self.text.encode()).hexdigest()

    def parsed(self) -> Mapping[str, Any]:
        """The text as JSON data."""
        value: dict[str, Any] = json.loads(self.text)
        return value
