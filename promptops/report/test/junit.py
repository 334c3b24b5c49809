"""For CI servers that show test results: JUnit XML that is valid for Jenkins' schema.

    testsuites  name tests failures errors time
      testsuite  name tests failures errors skipped
        testcase  classname name time?
          failure?  message type     of type assertion, score (it is worse) or coverage
          error?    message type     of type error, infrastructure or stale
          skipped?  message          nothing could be scored, or a score is inconclusive
          system-out?                the answer, where the case does not pass

A suite is a prompt; a test case is a case and repeat, or a score. Too little coverage is a test
case, too. A run without cases is one skipped test case, because some readers reject an empty
report. If the run fails although all test cases pass, the verdict is added as a failed one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Literal

from promptops.model.answer import Answer
from promptops.model.report import plain
from promptops.model.test_run import CaseRun, Decided, TestRun, Verdict
from promptops.records import field, record
from promptops.report.junit import totals
from promptops.report.parts.visible import visible, visible_line, visible_path
from promptops.report.parts.xml_text import attributes, xml_text
from promptops.report.test import facts, scores
from promptops.report.test.facts import Differences
from promptops.report.test.troubles import Trouble, troubles

Outcome = Literal["passed", "failure", "error", "skipped"]

_NAME = "promptops test"
_LONGEST_ANSWER = 4_000
_BROKEN = ("failure", "error")
_SCORES: dict[Verdict, Outcome] = {"pass": "passed", "fail": "failure", "inconclusive": "skipped"}


def write(run: TestRun, **_: object) -> str:
    """One XML document."""
    time = f"{run.duration_s:.3f}"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites{attributes(name=_NAME, **totals(counts(run)), time=time)}>",
        *suites(run),
        "</testsuites>",
    ]
    return "".join(f"{line}\n" for line in lines)


def counts(run: TestRun) -> dict[str, int]:
    """The attributes of all suites: counts and time."""
    return _counts(test for tests in _suites(run).values() for test in tests)


def suites(run: TestRun) -> Iterator[str]:
    """The lines of each suite."""
    for name, tests in _suites(run).items():
        yield from _suite(name, tests)


@record(frozen=True, slots=True)
class _Test:
    """A test case in JUnit terms.

    Attributes:
        kind: The type of a failure or an error.
        message: One line, safe to print, as are the lines of the body.
        answer: The answer to show with it.
    """

    name: str
    outcome: Outcome
    kind: str = field(kw_only=True)
    message: str = field(kw_only=True)
    body: tuple[str, ...] = field(default=(), kw_only=True)
    time: str = field(default="", kw_only=True)
    answer: Answer | None = field(default=None, kw_only=True)


def _suites(run: TestRun) -> dict[str, list[_Test]]:
    repeated = facts.repeated(run)
    differences = Differences(plain)
    suites: dict[str, list[_Test]] = {}
    for case in run.cases:
        suites.setdefault(case.prompt, []).append(_case(case, repeated, differences))
    for decided in run.decided:
        suites.setdefault(decided.prompt, []).append(_score(decided, differences))
    if run.undercovered:
        coverage = _Test("coverage", "failure", kind="coverage", message=facts.undercovered(run))
        suites.setdefault(_NAME, []).append(coverage)
    every = [test for tests in suites.values() for test in tests]
    if run.verdict == "fail" and not any(test.outcome in _BROKEN for test in every):
        verdict = _Test("verdict", "failure", kind="verdict", message=facts.verdict(run))
        suites.setdefault(_NAME, []).append(verdict)
    nothing = _Test("nothing to test", "skipped", kind="", message=facts.counts(run))
    return suites or {_NAME: [nothing]}


def _case(case: CaseRun, repeated: Collection[tuple[str, str]], differences: Differences) -> _Test:
    outcome, kind = _outcome(case)
    found = troubles((case,))
    message = "; ".join(dict.fromkeys(map(facts.problem, found)))
    latency = case.answer.latency_s if case.answer else None
    return _Test(
        facts.case_name((case,), repeated),
        outcome,
        kind=kind,
        message=message or visible(case.reason) or ("nothing could be scored" if kind else ""),
        body=tuple(line for each in found for line in _lines(each, differences)),
        time="" if latency is None else f"{latency:.3f}",
        answer=case.answer if outcome in _BROKEN else None,
    )


def _outcome(case: CaseRun) -> tuple[Outcome, str]:
    if case.status == "failed":
        return "failure", "assertion"
    if case.status == "stale":
        return "error", "stale"
    if case.status == "error":
        return "error", "infrastructure" if case.infrastructure else "error"
    statuses = {assertion.status for assertion in case.assertions}
    return ("skipped", "skipped") if statuses == {"skipped"} else ("passed", "")


def _lines(trouble: Trouble, differences: Differences) -> Iterator[str]:
    place = trouble.place
    yield f"{visible_path(place.path)}:{place.line}:{place.column}: {facts.problem(trouble)}"
    if facts.reason(trouble):
        yield f"  {visible_line(facts.reason(trouble))}"
    lines = list(differences.lines(*trouble.compared)) if trouble.compared else []
    if lines:
        yield f"  {differences.legend('expected', 'actual')}:"
    yield from (f"    {line}".rstrip() for line in lines)


def _score(decided: Decided, differences: Differences) -> _Test:
    outcome = _SCORES[decided.verdict] if decided.gates else "passed"
    message = visible(decided.line)
    body = tuple(scores.lines(decided, differences))
    name = f"score {facts.short(decided.score)}"
    return _Test(name, outcome, kind="score", message=message, body=body)


def _suite(name: str, tests: list[_Test]) -> Iterator[str]:
    shown = facts.short(name)
    yield f"  <testsuite{attributes(name=shown, **_counts(tests))}>"
    for test in tests:
        yield from _written(shown, test)
    yield "  </testsuite>"


def _counts(tests: Iterable[_Test]) -> dict[str, int]:
    outcomes = Counter(test.outcome for test in tests)
    return {
        "tests": outcomes.total(),
        "failures": outcomes["failure"],
        "errors": outcomes["error"],
        "skipped": outcomes["skipped"],
    }


def _written(prompt: str, test: _Test) -> Iterator[str]:
    time = {"time": test.time} if test.time else {}
    tag = f"    <testcase{attributes(classname=prompt, name=test.name, **time)}"
    if test.outcome == "passed":
        yield f"{tag}/>"
        return
    kind = {} if test.outcome == "skipped" else {"type": test.kind}
    body = xml_text("\n".join(test.body))
    outcome = f"{test.outcome}{attributes(message=test.message, **kind)}"
    yield f"{tag}>"
    yield f"      <{outcome}>{body}</{test.outcome}>" if body else f"      <{outcome}/>"
    if test.answer is not None:
        yield f"      <system-out>{xml_text(_shown(test.answer))}</system-out>"
    yield "    </testcase>"


def _shown(answer: Answer) -> str:
    text = answer.text[:_LONGEST_ANSWER]
    left_out = len(answer.text) - len(text)
    lines = [visible_line(line) for line in text.split("\n")] if text else []
    lines += [f"… ({left_out:,} more characters)"] if left_out else []
    lines += [f"call {facts.call(call)}" for call in answer.tool_calls]
    return "\n".join(lines)
