"""Judge the answer of a case: its assertions and its output format, and whether it is complete.

An empty or incomplete answer breaks the contracts, unless the case allows it. Otherwise it would
pass every `not-contains`, `max-chars` and `no-secrets`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

from promptops.evals.case_assertions import WrittenAssertion, assertions_of, own_assertions
from promptops.evals.parse import DEFAULT_SCORE, Assertion, Flaw
from promptops.evals.result import Judgement, Status, judge_assertion
from promptops.evals.subject import Beside, Record, facts_of
from promptops.evals.verdict import Question, Unjudgeable
from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.model.prompt import Case, Output, Prompt, Request
from promptops.records import replace
from promptops.runtime.request.answers import CUT_OFF, FINISHED, AnswerError, Answers

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
    if any(flaw in assertion.allow or _judges_flaw(assertion.check, answer) for assertion in every):
        return ""
    if flaw == "empty":
        return "the answer is empty: if it may be, write `allow: [empty]` in an assertion"
    fixes = ["write `allow: [incomplete]` in an assertion if it may be"]
    if answer.finish_reason in CUT_OFF:
        fixes.insert(0, "increase `max_output_tokens`")
    reason = f"the answer is incomplete: it ended with {answer.finish_reason!r}"
    return f"{reason}: {', or '.join(fixes)}"


def _judges_flaw(check: Any, answer: Answer) -> bool:
    """Whether an assertion, or one in its set, is about the flaw itself: `equals: ""`."""
    if hasattr(check, "judges_flaw"):
        return bool(check.judges_flaw(answer))
    return any(_judges_flaw(part.check, answer) for part in getattr(check, "parts", ()))


# Check an answer: a pure function of existing data; questions to judges are listed separately.


def judge_answer(record: Record, case: Case, prompt: Prompt) -> tuple[Judgement, ...]:
    """The verdicts of the case's `output`, of `evaluation.assertions`, and of the output contract.

    In this order.
    """
    assertions = tuple(
        judge_assertion(assertion.written, replace(record, at=assertion.at), assertion.at)
        for assertion in _assertions_on(record, case, prompt)
    )
    if record.answer is None or record.on == "conversation":
        return assertions
    output = judge_output(record.answer, prompt)
    if any(not judgement.passed for judgement in output):
        return (*assertions, *output)
    return (*assertions, *output, *_flaws(record.answer, case, prompt))


def _assertions_on(record: Record, case: Case, prompt: Prompt) -> Iterator[WrittenAssertion]:
    if record.on == "conversation":
        return (each for each in own_assertions(case) if each.on == "conversation")
    return assertions_of(case, prompt)


def _flaws(answer: Answer, case: Case, prompt: Prompt) -> Iterator[Judgement]:
    """The violation by an empty or incomplete answer, unless an assertion allows it."""
    if flaw_of(answer) is None:
        return
    parsed = (each.parsed for each in assertions_of(case, prompt))
    reason = unallowed_flaw(answer, (assertion for assertion in parsed if assertion is not None))
    if reason:
        yield _verdict("failed", reason, case.locate(case.at, False))


def questions(record: Record, case: Case, prompt: Prompt) -> tuple[Question, ...]:
    """The questions to answer before `judge_answer`, each once; the replies go into `Beside`."""
    found: dict[str, Question] = {}
    for written in _assertions_on(record, case, prompt):
        assertion = written.parsed
        try:
            new = assertion.asks(record) if assertion else ()
        except Unjudgeable:  # `judge_answer` reports it
            continue
        found |= {question.key: question for question in new}
    return tuple(found.values())


def record_of_answer(
    answer: Answer, request: Request, case: Case, prompt: Prompt, beside: Beside | None = None
) -> Record:
    """An answer as assertions receive it; `path` points into its parsed JSON."""
    root, facts = facts_of(answer)
    return Record(
        on="answer",
        text=answer.text,
        root=root,
        request=request,
        names={**facts, "inputs": case.inputs, "expected": case.expected},
        answer=answer,
        beside=beside or Beside(),
        judge=prompt.evaluation.get("judge"),
    )


def status_of(judged: Iterable[Judgement]) -> Literal["passed", "failed", "error", "stale"]:
    """The verdict of a case, from the results of its request and its answer.

    An error takes precedence over a failure, because a wrong assertion checks nothing; a failure
    takes precedence over a missing recording of a judge. Measures never fail a case; a measure that
    could not be checked at all, or a case without assertions, is an error.
    """
    judgements = tuple(judged)
    if any(
        judgement.status == "error" and judgement.lack != "recording" for judgement in judgements
    ):
        return "error"
    if all(judgement.status == "skipped" for judgement in judgements):
        return "error"
    if any(judgement.must and judgement.status == "failed" for judgement in judgements):
        return "failed"
    return "stale" if any(judgement.lack == "recording" for judgement in judgements) else "passed"


def gating_judge(case: Case, prompt: Prompt) -> str | None:
    """The judge prompt that needs agreement with people, because it may fail the case."""
    judge = prompt.evaluation.get("judge")
    if isinstance(judge, str) and any(
        _gates(assertion) for assertion in assertions_of(case, prompt)
    ):
        return judge
    return None


def _gates(written: WrittenAssertion) -> bool:
    assertion = written.parsed if written.written.get("must") is True else None
    return assertion is not None and assertion.judged


Format = Literal["text", "json", "markdown"]

OUTPUT = "output"
"""The type of the verdict: no assertion has this name."""


def judge_output(answer: Answer, prompt: Prompt) -> tuple[Judgement, ...]:
    """The verdict of the output contract, at the output schema; empty if there is no contract.

    There is none if the output is text, if `evaluation.output` is false, and for an answer that
    only calls tools: the output comes after their results.
    """
    if not checks_output(prompt) or (answer.tool_calls and not answer.text.strip()):
        return ()
    key = "schema" if prompt.output.schema is not None else "format"
    place = prompt.locate(f"/output/{key}", False)
    try:
        _reader(prompt.output.format, json.dumps(prompt.output.schema)).read(
            answer.text, answer.finish_reason
        )
    except AnswerError as error:
        reason = f"{error.message}: {error.hint}" if error.hint else error.message
        return (_verdict("failed", reason, place),)
    except ValueError as error:
        return (_verdict("error", f"the schema can't be used: {error}", place),)
    return (_verdict("passed", f"the answer matches the output {key}", place),)


def checks_output(prompt: Prompt) -> bool:
    """Whether answers are checked against the output of their prompt."""
    if prompt.evaluation.get("output") is False:
        return False
    return prompt.output.schema is not None or prompt.output.format == "json"


def _verdict(status: Status, reason: str, place: Place) -> Judgement:
    degree = 1.0 if status == "passed" else 0.0
    return Judgement(
        type=OUTPUT, status=status, must=True, reason=reason, place=place, degree=degree
    )


@lru_cache(maxsize=64)
def _reader(form: Format, schema: str) -> Answers:
    """Cached, because a prompt has many answers and one schema."""
    return Answers("", Output(format=form, schema=json.loads(schema)))


def scores(judged: Iterable[Judgement]) -> dict[str, float]:
    """Each score of an answer by its name, 0 to 1: the mean of its measures by weight.

    A measure that can't be checked because of the answer, whose JSON lacks the value, is 0. If the
    answer is not the reason, the measure is left out, and so is a score without measures.
    """
    sums: dict[str, tuple[float, float]] = {}
    for judgement in judged:
        if judgement.score is not None and judgement.degree is not None:
            total, weight = sums.get(judgement.score, (0.0, 0.0))
            sums[judgement.score] = (
                total + judgement.weight * judgement.degree,
                weight + judgement.weight,
            )
    # Sums of fractions of a weight may end a digit above 1.
    return {name: min(max(total / weight, 0.0), 1.0) for name, (total, weight) in sums.items()}


def primary(evaluation: Mapping[str, object], names: Iterable[str]) -> str | None:
    """The primary score: the one that `evaluation` names, else `quality`, else the only score.

    None without any score, and for several scores none of which is `quality`.
    """
    chosen = evaluation.get("score")
    known = sorted(set(names))
    if isinstance(chosen, str):
        return chosen
    if DEFAULT_SCORE in known:
        return DEFAULT_SCORE
    return known[0] if len(known) == 1 else None
