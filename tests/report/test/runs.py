"""Runs of test cases, as from real life, and what to make others of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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

TRIAGE = "prompts/support/triage.prompt.yaml"
INVOICE = "prompts/extraction/invoice.prompt.yaml"
INVOICES = "prompts/extraction/invoice.cases.yaml"
HANDBOOK = "prompts/answers/handbook.prompt.yaml"
ORDERS = "prompts/agents/order-desk.prompt.yaml"

DESK = """\
You triage support tickets about the Acme router.

- Write in the language of the customer.
- Be brief: at most three sentences.

Categories:
- bug: it worked once, or it does not do what the manual says
- how_to: it works, and somebody wants to know how
- billing: money, invoices, contracts
- other: all else

Return exactly one JSON object that follows the schema."""

REPLY = """\
Hello Sam,

thank you for writing. We are sorry that your router drops the connection.
Please hold the reset button for ten seconds and wait for the green light.

Kind regards
Acme support"""

REPLY_WANTED = """\
Hello Sam,

thank you for writing. We are sorry that your router drops the connection.
Please hold the reset button for 10 seconds, then wait for the green light.
Should it go on, answer this message.

Kind regards
Acme support"""


HANDBOOK_SAID = """\
Leave is 28 days a year [2], and two more from the fifth year on [1].

What is not taken by the end of March lapses [2]."""

HANDBOOK_SAYS = """\
Leave is 30 days a year [2].

What is not taken by the end of March lapses, unless you were ill."""


def at(path: str, line: int, column: int = 9, width: int = 20) -> Place:
    return Place(path, line, column, line, column + width)


def assertion(
    kind: str, status: str = "passed", reason: str = "", **values: Any
) -> AssertionResult:
    place = values.pop("place", None) or at(TRIAGE, 90)
    on = values.pop("on", "answer")
    where = "the system message" if on == "request" else "the answer"
    said = reason or f"expected `Acme` in {where}, got line 1: `Acme`"
    return AssertionResult(
        type=kind,
        status=status,
        must=values.pop("must", True),
        reason=said,
        place=place,
        on=on,
        **values,
    )


def answer(text: str, **values: Any) -> Answer:
    usage = Usage(input=412, output=(len(text) + 3) // 4, cached=256)
    return Answer(text=text, model="gpt-4.1-mini-2025-04-14", usage=usage, **values)


def case(
    prompt: str, name: str, *assertions: AssertionResult, status: str = "passed", **values: Any
) -> CaseRun:
    said = values.pop("answer", answer('{"category": "bug", "urgency": 3}'))
    return CaseRun(
        prompt=prompt,
        name=name,
        status=status,
        place=values.pop("place", None) or at(TRIAGE, 80, 5),
        assertions=assertions,
        messages=values.pop(
            "messages",
            (MessageText("system", DESK), MessageText("user", f"<ticket>\n{name}\n</ticket>")),
        ),
        answer=said,
        source=values.pop("source", "recorded" if said else "none"),
        **values,
    )


def worse(name: str, before: float, after: float, *texts: str, **values: Any) -> Worse:
    """Of two texts, the baseline's answer and the candidate's."""
    one, other = texts
    return Worse(
        name=name,
        before=before,
        after=after,
        before_answer=answer(one),
        after_answer=values.get("after_answer") or answer(other),
    )


def run(*cases: CaseRun, verdict: str = "pass", **values: Any) -> TestRun:
    return TestRun(cases=cases, verdict=verdict, **values)


def passing(prompt: str, name: str, **values: Any) -> CaseRun:
    rendered = assertion("contains", on="request", place=at(TRIAGE, 84))
    schema = assertion(
        "json-schema", reason="expected what the schema takes in the answer, got that"
    )
    return case(prompt, name, rendered, schema, **values)


def green() -> TestRun:
    """All that was recorded still holds."""
    names = ("refund", "broken blade", "late parcel")
    cases = [passing("support/triage", name) for name in names]
    cases += [
        passing("extraction/invoice", f"invoice {number}", place=at(INVOICES, 5 * number, 3))
        for number in (1, 2)
    ]
    return run(*cases, duration_s=0.21)


def nothing() -> TestRun:
    return run(nothing="no file that prompts depend on changed since main")


def stale() -> TestRun:
    """A changed prompt, whose answers nobody recorded again."""
    old = [
        case(
            "support/triage",
            name,
            assertion("contains", on="request"),
            status="stale",
            reason="its request has no recording",
            answer=None,
        )
        for name in ("refund", "broken blade", "late parcel", "lost password", "two invoices")
    ]
    kept = [
        passing("extraction/invoice", f"invoice {number}", place=at(INVOICES, 5 * number, 3))
        for number in range(1, 8)
    ]
    return run(*old, *kept, verdict="fail", next="promptops test --record support/triage")


def failing() -> TestRun:
    """Contracts that don't hold, in several prompts; errors; missing recordings; coverage."""
    return run(
        *_triage(),
        *_invoices(),
        *_handbook(),
        *_orders(),
        verdict="fail",
        decided=(
            Decided(
                prompt="answers/handbook",
                score="quality",
                verdict="fail",
                line=(
                    "-4.2 points [-6.5, -1.9] p=.003 n=200 k=3 · 9 worse, 3 better, 188 same"
                    " · smallest visible effect 4.9 · cost +12% · $0.14"
                    " · baseline v1.8.0 (recorded 2 days ago, same model)"
                ),
                summary="4.2 points lower than v1.8.0: 9 of 200 cases worse, 3 better",
                worst=(
                    worse("two sources", 1.0, 0.4, HANDBOOK_SAID, HANDBOOK_SAYS),
                    worse("outdated page", 2 / 3, 1 / 3, "28 days [2].", "It depends."),
                    worse("no source", 0.5, 0.4, "I don't know.", "I don't know."),
                ),
                culprits=("two sources", "outdated page"),
            ),
            Decided(
                prompt="support/triage",
                score="tone",
                verdict="inconclusive",
                line="-0.8 points [-3.4, 1.8] p=.540 n=40 k=1 · 4 worse, 3 better, 33 same",
                summary="0.8 points lower than v1.8.0: 4 of 40 cases worse, 3 better",
                worst=(
                    worse(
                        "late parcel",
                        0.9,
                        0.8,
                        REPLY,
                        "",
                        after_answer=answer(
                            "", tool_calls=({"name": "find_order", "arguments": {"id": 7}},)
                        ),
                    ),
                ),
            ),
            Decided(
                prompt="extraction/invoice",
                score="accuracy",
                verdict="pass",
                line="+0.4 points [-0.9, 1.7] p=.550 n=60 k=1 · 1 worse, 2 better, 57 same",
                summary="0.4 points higher than v1.8.0: 1 of 60 cases worse, 2 better",
                worst=(worse("invoice 3", 1.0, 0.9, "119.00", "119"),),
            ),
        ),
        coverage=(
            CoverageRow(
                prompt="support/triage",
                covered=12,
                total=14,
                uncovered=(
                    Uncovered(
                        place=at(TRIAGE, 52, 13, 12),
                        message="in every case `known_issues` has an item",
                    ),
                    Uncovered(
                        place=at("prompts/partials/support-desk.md.j2", 7, 7, 17),
                        message="in no case `tone == 'formal'` holds",
                    ),
                ),
            ),
            CoverageRow(prompt="extraction/invoice", covered=9, total=9),
            CoverageRow(prompt="agents/order-desk", covered=0, total=0),
        ),
        baseline="v1.8.0",
        cost_usd=0.0141,
        duration_s=12.345,
    )


def _triage() -> list[CaseRun]:
    rendered = assertion("contains", on="request", place=at(TRIAGE, 84))
    schema = assertion("json-schema", place=at(TRIAGE, 70))
    wrong = assertion(
        "one-of",
        "failed",
        "expected one of `billing`, `other` at /category in the answer, got `bug`",
        place=at(TRIAGE, 88),
    )
    cases = [
        case("support/triage", "refund", rendered, schema, wrong, status="failed", repeat=repeat)
        for repeat in (0, 2)
    ]
    cases.insert(1, case("support/triage", "refund", rendered, schema, repeat=1, source="live"))
    cases.append(
        case(
            "support/triage",
            "the reply, word by word",
            rendered,
            assertion(
                "equals",
                "failed",
                "expected `Hello Sam,\\n\\nthank you…` (263 characters) in the answer, got"
                " `Hello Sam,\\n\\nthank you…` (226 characters)",
                place=at(TRIAGE, 97),
                compared=ComparedTexts(REPLY_WANTED, REPLY),
            ),
            assertion("max-latency", "skipped", "only a fresh answer has a latency"),
            status="failed",
            answer=answer(REPLY),
        )
    )
    cases.append(
        case(
            "support/triage",
            "late parcel",
            rendered,
            schema,
            assertion("llm-rubric", "failed", "the reply is curt", must=False, score="tone"),
        )
    )
    cases.append(
        case(
            "support/triage",
            "lost password",
            rendered,
            status="stale",
            reason="its request has no recording",
            answer=None,
        )
    )
    return cases


def _invoices() -> list[CaseRun]:
    whole = [
        case(
            "extraction/invoice",
            f"invoice {number}",
            assertion("not-contains", on="request", place=at(INVOICES, 8)),
            assertion("json-schema", place=at(INVOICE, 61)),
            assertion("contains-json", place=at(INVOICES, 9 + number)),
            place=at(INVOICES, 5 * number, 3),
            answer=answer('{"number": "2024-117", "total": {"amount": "119.00"}}'),
        )
        for number in (1, 2, 3)
    ]
    broken = case(
        "extraction/invoice",
        "invoice without a date",
        status="error",
        reason="it can't be rendered: `date` is not an input",
        place=at(INVOICE, 33, 14, 4),
        messages=(),
        answer=None,
    )
    return [*whole, broken]


def _handbook() -> list[CaseRun]:
    judged = assertion("grounded", must=False, score="quality", place=at(HANDBOOK, 75))
    cases = [
        case(
            "answers/handbook",
            name,
            judged,
            answer=answer("Leave is 28 days [2]."),
            place=at(HANDBOOK, 80, 5),
        )
        for name in ("one source", "two sources", "outdated page")
    ]
    refused = "the provider answers no more: 503 Service Unavailable, 6 tries"
    cases += [
        case(
            "answers/handbook",
            name,
            status="error",
            reason=refused,
            answer=None,
            infrastructure=True,
            place=at(HANDBOOK, 90, 5),
        )
        for name in ("no source", "a question in French")
    ]
    cases.append(
        case(
            "answers/handbook",
            "a judge that says nothing",
            assertion(
                "llm-rubric", "error", "the judge's answer is no JSON", place=at(HANDBOOK, 99)
            ),
            status="error",
            reason="`llm-rubric`: the judge's answer is no JSON",
            place=at(HANDBOOK, 99),
        )
    )
    return cases


def _orders() -> list[CaseRun]:
    call = {"name": "refund_order", "arguments": {"order": "A-17", "amount": 20.5}}
    return [
        case(
            "agents/order-desk",
            "a refund needs the order first",
            assertion("message-count", on="request", place=at(ORDERS, 120)),
            assertion(
                "tool-calls",
                "failed",
                "expected `find_order` and `refund_order` in this order, got `refund_order`",
                place=at(ORDERS, 123),
            ),
            assertion("finish-reason", place=at(ORDERS, 124)),
            status="failed",
            place=at(ORDERS, 117, 5),
            answer=answer("", tool_calls=(call,), finish_reason="tool_calls", latency_s=0.8124),
            source="live",
        )
    ]


def outage() -> TestRun:
    """A provider that is down: no case has an answer, and one fails before it is asked."""
    reason = "the provider answers no more: 503 Service Unavailable"
    cases = [_unasked("support/triage", number, reason) for number in range(25)]
    cases += [_unasked("answers/handbook", number, reason) for number in range(15)]
    wrong = assertion(
        "max-chars", "failed", "expected at most 80 characters, got 412", on="request"
    )
    cases[3] = replace(cases[3], assertions=(wrong,))
    return run(*cases, verdict="fail", duration_s=61.0)


def interrupted() -> TestRun:
    """Ctrl-C after three answers."""
    done = [passing("support/triage", f"case {number}", source="live") for number in range(3)]
    rest = [
        _unasked("support/triage", number, "not requested: interrupted") for number in range(3, 40)
    ]
    command = "promptops test support/triage --record"
    return run(*done, *rest, verdict="fail", next=command, cost_usd=0.0021, duration_s=4.2)


def _unasked(prompt: str, number: int, reason: str) -> CaseRun:
    return case(
        prompt,
        f"case {number}",
        assertion("contains", on="request"),
        status="error",
        reason=reason,
        infrastructure=True,
        answer=None,
    )


def wrong_file() -> TestRun:
    """A line of recordings that can't be read: an error of no case."""
    place = at("prompts/support/triage.recordings.jsonl", 3, 1)
    wrong = CaseRun(
        prompt="support/triage",
        name="",
        status="error",
        place=place,
        reason="the line is no JSON: expected `,` or `}`",
    )
    return run(*green().cases, wrong, verdict="fail", duration_s=0.2)


def mistakes() -> TestRun:
    """What is wrong once concerns many: a score, a partial of two prompts, a function, a case."""
    unscored = at(TRIAGE, 40), "no assertion counts in the score `tone`: did you mean `tones`?"
    partial = at("prompts/partials/style.md.j2", 2, 12), "it can't be rendered: there is no `x`"
    broken = assertion("python", "error", "`cites` raises KeyError: 'url'", place=at(HANDBOOK, 90))
    unjudged = "its assertions can't be checked"
    cases = [
        *(_mistaken("support/triage", number, *unscored) for number in range(16)),
        *(_mistaken("answers/handbook", number, *partial) for number in range(3)),
        *(_mistaken("extraction/invoice", number, *partial) for number in range(2)),
        *(
            case("answers/handbook", f"cited {number}", broken, status="error", reason=unjudged)
            for number in range(5)
        ),
        _mistaken("agents/order-desk", 1, at(ORDERS, 50), "it has no assertions"),
    ]
    return run(*cases, verdict="fail")


def _mistaken(prompt: str, number: int, place: Place, reason: str) -> CaseRun:
    return case(prompt, f"case {number}", status="error", reason=reason, place=place, answer=None)


def few_stale() -> TestRun:
    """3 of 40, in a large file of cases."""
    cases = [
        passing("extraction/invoice", f"invoice {number}", place=at(INVOICES, 5 * number, 3))
        for number in range(1, 41)
    ]
    for index in (3, 17, 29):
        cases[index] = replace(
            cases[index],
            status="stale",
            reason="its request has no recording",
            assertions=cases[index].assertions[:1],
            answer=None,
            source="none",
        )
    return run(*cases, verdict="fail", next="promptops test --record", duration_s=0.31)


def worse_score() -> TestRun:
    """Each case passes; the scores say that it got worse."""
    return replace(green(), verdict="fail", decided=failing().decided[:1], baseline="v1.8.0")


def undecided() -> TestRun:
    return replace(
        green(), verdict="inconclusive", decided=failing().decided[1:], baseline="4f2c9e0d1b7a"
    )


def undercovered() -> TestRun:
    """Each case passes, and too few branches are taken."""
    row = replace(failing().coverage[0], covered=10)
    return replace(green(), coverage=(row,)).failing_under(90)


RUNS = {
    "green": green,
    "nothing": nothing,
    "stale": stale,
    "failing": failing,
    "outage": outage,
    "interrupted": interrupted,
    "wrong-file": wrong_file,
    "mistakes": mistakes,
    "few-stale": few_stale,
    "worse-score": worse_score,
    "undecided": undecided,
    "undercovered": undercovered,
}
