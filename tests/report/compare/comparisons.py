"""Comparisons of arms, as from real life, and what to make others of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from promptops.evals.deciding.arm_contracts import combined_verdict, decide_contracts
from promptops.evals.deciding.decision import (
    CaseScore,
    arm_verdict,
    decide_arm,
    reachable_look,
    sentence,
    what_it_takes,
)
from promptops.evals.deciding.recommending import concluded
from promptops.model.answer import Answer, Usage
from promptops.model.arm import (
    ArmAnswer,
    ArmComparison,
    ArmResult,
    ArmTotal,
    ComparedCase,
    ContractDecision,
    KeptContracts,
    Latency,
    PromptComparison,
    TokenMeans,
    ValueInterval,
    Violation,
)
from promptops.model.place import Place
from promptops.model.test_run import CaseRun, Decided, MessageText, Worse

TRIAGE = "prompts/support/triage.prompt.yaml"
CASES = 200
UNSURE = 20  # cases that the reference answers wrong in one repeat of three
SCORE = 1 - UNSURE / 3 / CASES


def place(line: int) -> Place:
    return Place(TRIAGE, line, 5, line, 25)


def answer(text: str, model: str, **values: Any) -> Answer:
    usage = Usage(input=412, output=(len(text) + 3) // 4)
    return Answer(text=text, model=model, usage=usage, **values)


def category(right: bool) -> str:
    return f'{{"category": "{"bug" if right else "billing"}", "urgency": 3}}'


def reference(name: str = "fast", usd: float | None = 0.42, **values: Any) -> ArmResult:
    return ArmResult(
        **{
            "name": name,
            "kind": "model",
            "model": f"{name}-2026-05",
            "answered": 3 * CASES,
            "cases": CASES,
            "repeats": 3,
            "verdict": "reference",
            "score": SCORE,
            "contracts": KeptContracts(kept=CASES, of=CASES),
            "cost_usd_1000": usd,
            "tokens": TokenMeans(input=412.4, output=9.6),
            "latency_s": Latency(
                p50=0.82, p95=2.1, p50_low=0.77, p50_high=0.9, low=1.8, high=2.9, n=180
            ),
            **values,
        }
    )


def contracts(*lost: str, cases: int = CASES) -> ContractDecision:
    """The decision on the contracts of an arm that never keeps these cases."""
    every = [*lost, *(f"kept {number}" for number in range(cases - len(lost)))]
    return decide_contracts(
        [
            CaseScore(name=each, baseline=(1.0,) * 3, candidate=(float(each not in lost),) * 3)
            for each in every
        ],
        2,
        arms=2,
    )


def arm(
    name: str,
    lost: int,
    won: int = 0,
    usd: float | None = 0.25,
    kept: ContractDecision | None = None,
    **values: Any,
) -> ArmResult:
    """An arm that answers some cases worse than the reference, and others better.

    Args:
        lost: The last so many cases are wrong in two repeats of three.
        won: The first so many cases are right in every repeat.
        kept: The decision on its contracts; by default, it keeps those of all cases.
    """
    kept = kept or contracts()
    decision = decide_arm(scores_of(lost, won), reachable_look(scores_of(lost, won)), 0.03, 3)
    ratio = None
    if usd is not None:
        ratio = ValueInterval(value=usd / 0.42, low=usd / 0.46, high=usd / 0.39)
    return ArmResult(
        **{
            "name": name,
            "kind": "model",
            "model": f"{name}-2026-05",
            "answered": 3 * CASES,
            "cases": decision.n,
            "repeats": decision.repeats,
            "verdict": combined_verdict(arm_verdict(decision), kept.verdict),
            "score": SCORE + decision.difference,
            "difference": ValueInterval(
                value=decision.difference, low=decision.low, high=decision.high
            ),
            "decided": Decided(
                prompt="support/triage",
                score="quality",
                verdict=decision.verdict,
                line=sentence(decision),
                worst=tuple(worse(case, name) for case in decision.worst),
            ),
            "needs": what_it_takes(decision.needs) if decision.needs else "",
            "cases_needed": decision.needs.cases if decision.needs else None,
            "contract_decision": kept,
            "contracts": KeptContracts(kept=kept.cases - len(kept.lost), of=kept.cases),
            "cost_usd_1000": usd,
            "cost_ratio": ratio,
            "tokens": TokenMeans(input=398, output=31.2),
            "latency_s": Latency(p50=0.31, p95=0.75, p50_low=0.3, p50_high=0.33, low=0.6, n=60),
            **values,
        }
    )


def scores_of(lost: int, won: int = 0) -> list[CaseScore]:
    right, two = (1.0, 1.0, 1.0), (1.0, 1.0, 0.0)
    return [
        CaseScore(
            name=f"ticket {number}",
            baseline=two if number < UNSURE else right,
            candidate=(0.0, 1.0, 0.0)
            if CASES - number <= lost
            else right
            if number < won
            else two
            if number < UNSURE
            else right,
        )
        for number in range(CASES)
    ]


def worse(name: str, arm_name: str) -> Worse:
    return Worse(
        name=name,
        before=1.0,
        after=1 / 3,
        before_answer=answer(category(right=True), "fast-2026-05"),
        after_answer=answer(category(right=False), f"{arm_name}-2026-05"),
    )


def case(number: int, arms: tuple[ArmResult, ...], **values: Any) -> ComparedCase:
    name = f"ticket {number}"
    answers = tuple(
        ArmAnswer(
            arm=each.name,
            repeat=repeat,
            answer=answer(category(right), each.model, latency_s=0.5 + repeat / 10),
            source="recorded",
            score=float(right),
            cost_usd=None if each.cost_usd_1000 is None else each.cost_usd_1000 / 1000,
        )
        for each in arms
        for repeat in range(2)
        if (right := each.verdict != "worse" or repeat == 0) is not None
    )
    return ComparedCase(
        **{
            "name": name,
            "place": place(10 + number),
            "messages": (
                MessageText("system", "You triage support tickets about the Acme router."),
                MessageText(
                    "user", f"<ticket>\nMy router drops the connection, number {number}.\n</ticket>"
                ),
            ),
            "answers": answers,
            **values,
        }
    )


def prompt(*arms: ArmResult, cases: int = 3, **values: Any) -> PromptComparison:
    return PromptComparison(
        **{
            "prompt": "support/triage",
            "score": "quality",
            "margin": 0.03,
            "arms": arms,
            "cases": tuple(case(number, arms) for number in range(cases)),
            **values,
        }
    )


def comparison(*prompts: PromptComparison, **values: Any) -> ArmComparison:
    arms = prompts[0].arms
    return concluded(
        ArmComparison(
            **{
                "reference": arms[0].name,
                "kind": "model",
                "margin": 0.03,
                "share": max(1, len(arms) - 1),
                "prompts": prompts,
                "totals": tuple(
                    ArmTotal(
                        name=each.name,
                        cost_usd_1000=each.cost_usd_1000,
                        cost_ratio=each.cost_ratio,
                        cost_sources=each.cases if each.cost_ratio else 0,
                    )
                    for each in arms
                ),
                "duration_s": 2.5,
                **values,
            }
        )
    )


def recommended() -> ArmComparison:
    """Two arms beside the reference: a cheaper one that is as good, and a better, dearer one."""
    return comparison(prompt(reference(), arm("cheap", 1, 1), arm("strong", 0, UNSURE, usd=2.1)))


def undecided() -> ArmComparison:
    """An arm with too few answers, and one that is worse and violates contracts."""
    lost = contracts("ticket 197", "ticket 198", "ticket 199", "refund in another language")
    return comparison(
        prompt(
            reference(),
            arm("cheap", 6),
            arm("tiny", 90, usd=0.04, kept=lost),
        ),
        next="promptops compare support/triage --model cheap --model tiny --live",
        ended="--max-cost $0.10 is spent",
        unasked=120,
        cost_usd=0.0998,
        required="cheap",
    )


def unfinished() -> ArmComparison:
    """An arm without answers, one without a price, one with errors, cases without a partner."""
    failing = CaseRun(
        prompt="support/triage",
        name="ticket 7",
        status="error",
        place=place(17),
        reason="the model `local-2026-05` refuses the parameter `seed`",
    )
    local = arm(
        "local",
        0,
        usd=None,
        verdict="open",
        problems=(failing, replace(failing, name="ticket 8", place=place(17))),
    )
    missing = reference(
        "new",
        None,
        verdict="open",
        answered=0,
        cases=0,
        repeats=0,
        score=None,
        stale=600,
        tokens=None,
        latency_s=None,
        contracts=KeptContracts(kept=0, of=0),
        model="",
    )
    changed = arm(
        "old",
        0,
        verdict="open",
        note="`old-2026-05` answered when it was recorded, now `old-2026-11` answers",
    )
    narrow = arm("narrow", 0, unpaired=("ticket with a photo", "ticket 12"))
    arms = (reference(), local, missing, changed, narrow)
    cases = (
        case(0, (arms[0], local), without=("narrow",)),
        ComparedCase(
            name="ticket 1",
            place=place(11),
            answers=(
                ArmAnswer(arm="new", reason="no recording of this request"),
                ArmAnswer(
                    arm="local",
                    answer=answer("", "local-2026-05", finish_reason="length"),
                    violated=(Violation("is-json", "expected JSON, got an empty text"),),
                ),
            ),
        ),
    )
    return comparison(
        PromptComparison(
            prompt="support/triage", score="quality", margin=0.03, arms=arms, cases=cases
        ),
        next="promptops compare support/triage --model new --record",
    )


def by_contracts() -> ArmComparison:
    """Two prompts, one of them without measures."""
    plain = {"score": None, "difference": None, "decided": None}
    photos = [f"photo {number}" for number in range(14)]
    lost, few = contracts(*photos, cases=90), contracts("empty photo", cases=90)
    return comparison(
        prompt(
            reference(),
            arm("cheap", 1, 1),
            arm("strong", 0, UNSURE, usd=2.1),
            arm("tiny", 1, 1, usd=0.04),
        ),
        prompt(
            reference(score=None, contracts=KeptContracts(kept=90, of=90)),
            arm("cheap", 0, **plain, kept=lost, latency_s=None),
            arm("strong", 0, usd=2.1, **plain, kept=contracts(cases=90)),
            arm("tiny", 0, usd=0.04, **plain, kept=few),
            prompt="extraction/receipt",
            score="",
            cases=1,
        ),
    )


def nothing() -> ArmComparison:
    return ArmComparison(
        reference="fast", kind="model", margin=0.03, nothing="no prompt has the tag `billing`"
    )


def many(count: int, longest: int = 8) -> ArmComparison:
    """So many arms beside the reference; some have the same cost and score."""
    arms = [
        arm(
            f"{'model-with-a-long-name-' * 4}"[: longest - 1] + str(number),
            lost=number % 3,
            won=4 * (number % 4),
            usd=0.1 * (1 + number // 2) ** 2,
        )
        for number in range(count)
    ]
    return comparison(prompt(reference(), *arms))


COMPARISONS = {
    "recommended": recommended,
    "undecided": undecided,
    "unfinished": unfinished,
    "by-contracts": by_contracts,
    "nothing": nothing,
}
