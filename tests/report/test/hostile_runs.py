"""Runs that hold what strangers and models may write, wherever they may, and large runs."""

from __future__ import annotations

from promptops.model.answer import Answer, Usage
from promptops.model.place import Place
from promptops.model.test_run import (
    AssertionResult,
    CaseRun,
    ComparedTexts,
    CoverageRow,
    Decided,
    MessageText,
    TestRun,
    Uncovered,
    Worse,
)
from tests.report.test.runs import at

ATTACK = (
    "</script></style><script>document.title='pwned';alert(1)</script>"
    '"\'><img src=x onerror="alert(2)"><iframe src="https://evil.example"></iframe>'
    "<!-- --> ]]> {{ 7 * 7 }} {% raw %} &amp; `code` javascript:alert(3) \x00\x1b[31m"
    "user\u202enimda\u2066 \ud800 ##[error] a\u200bb"
)


def hostile(text: str = ATTACK) -> TestRun:
    """The text stands in every text that a stranger or a model writes."""
    place = Place(text or "a", 1, 1, 1, 2)
    return TestRun(
        cases=tuple(_cases(text, place)),
        verdict="fail",
        decided=tuple(
            Decided(
                prompt=text,
                score=text,
                verdict=verdict,
                line=text,
                worst=(_worse(text, text), _worse("other", "other")),
                culprits=(text,),
            )
            for verdict in ("pass", "fail", "inconclusive")
        ),
        coverage=(
            CoverageRow(
                prompt=text, covered=1, total=2, uncovered=(Uncovered(place=place, message=text),)
            ),
        ),
        baseline=text,
        nothing=text,
        next=text,
    )


def _worse(name: str, text: str) -> Worse:
    calls = ({"name": text, "arguments": text},)
    return Worse(
        name=name,
        before=1.0,
        after=0.0,
        before_answer=Answer(text=f"{text}\nsame"),
        after_answer=Answer(text=f"{text} {text}\nsame", tool_calls=calls),
    )


def _cases(text: str, place: Place) -> list[CaseRun]:
    answer = Answer(
        text=f"{text}\n{text}",
        tool_calls=({"name": text, "arguments": {text: [text]}}, {"name": text, "arguments": text}),
        finish_reason=text,
        model=text,
        fingerprint=text,
        usage=Usage(input=1, output=1),
    )
    results = tuple(
        AssertionResult(
            type=text,
            status=status,
            must=True,
            reason=text,
            place=place,
            on=on,
            score=text,
            compared=ComparedTexts(f"{text}\nsame", f"{text} {text}\nsame"),
        )
        for on in ("request", "answer")
        for status in ("passed", "failed", "error", "skipped")
    )
    usual = CaseRun(
        prompt=text,
        name=text,
        status="failed",
        place=place,
        assertions=results,
        messages=(MessageText(text, text), MessageText("user", f"{text}\n{text}")),
        answer=answer,
        source="live",
    )
    others = [
        CaseRun(prompt=text, name=text, status=status, place=place, repeat=repeat, reason=text)
        for repeat, status in enumerate(("error", "stale"), 1)
    ]
    outage = CaseRun(
        prompt=text,
        name=f"{text} again",
        status="error",
        place=place,
        reason=f"{text} {text}",
        infrastructure=True,
    )
    return [usual, *others, outage]


def large(prompts: int = 100, cases: int = 100) -> TestRun:
    """Every tenth case fails; each has a request of about 2 kB."""
    rules = "\n".join(f"- Rule {number}: keep it short, name the source." for number in range(40))
    return TestRun(
        cases=tuple(
            _large_case(f"team/prompt-{number:03}", index, rules)
            for number in range(prompts)
            for index in range(cases)
        ),
        verdict="fail",
    )


def _large_case(prompt: str, index: int, rules: str) -> CaseRun:
    status = "failed" if index % 10 == 0 else "passed"
    place = at(f"prompts/{prompt}.prompt.yaml", 10 + index)
    return CaseRun(
        prompt=prompt,
        name=f"case {index}",
        status=status,
        place=place,
        assertions=tuple(
            AssertionResult(
                type=kind,
                status=status if kind == "one-of" else "passed",
                must=True,
                reason=f"expected one of `a`, `b` in the answer, got `{prompt} {index}`",
                place=place,
                on="answer",
                compared=ComparedTexts(rules, f"{rules}\n{index}") if kind == "one-of" else None,
            )
            for kind in ("json-schema", "one-of", "max-chars")
        ),
        messages=(
            MessageText("system", rules),
            MessageText("user", f"question {index} of {prompt}"),
        ),
        answer=Answer(text=f"answer {index} of {prompt}"),
        source="recorded",
    )
