"""Runs of `drift`, as from real life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import sqrt
from random import Random
from typing import Any

from promptops.model.answer import Answer, Usage
from promptops.model.night import (
    LEARNING_NIGHTS,
    Chart,
    ChartBaseline,
    ChartPoint,
    Confirmed,
    Drift,
    DriftBlame,
    HistoryProblem,
    Night,
    NightJudge,
    ProfileDrift,
    PromptDrift,
    Visible,
)
from promptops.model.place import Place
from promptops.model.test_run import CaseRun, Worse
from promptops.records import replace

FIRST = datetime(2026, 8, 1, 2, 10, 3, tzinfo=UTC)
LIMIT = -0.9
CASES, REPEATS = 50, 3
SE = 0.018
"""The sampling error of a night."""

OLD, NEW = "gpt-5.4-mini-2026-03-17", "gpt-5.4-mini-2026-11-20"


def night(index: int, mean: float, **values: Any) -> Night:
    """A night; 1 to 3 contracts of 150 are violated."""
    at = FIRST + timedelta(days=index)
    return Night(
        **{
            "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "release": "v1.7.0" if index < 7 else "v1.8.0",
            "prompt": "support/triage",
            "digest": "3f" * 32,
            "score": "quality",
            "n": CASES,
            "k": REPEATS,
            "mean": round(mean, 4),
            "within": round(SE * SE * CASES * REPEATS, 4),
            "kept": 150 - 1 - index % 3,
            "of": 150,
            "same": 0.61,
            "models": (OLD,),
            "fingerprints": ("fp_44709d",),
            "profile": "fast",
            "tokens": (412.0, 88.0),
            "latency_s": (1.2, 4.0),
            "cost_usd": 0.04,
            "verdict": "learning" if index < LEARNING_NIGHTS else "steady",
            **values,
        }
    )


def series(count: int, drop: float = 0.0, last: int = 2, seed: int = 3) -> list[Night]:
    """So many nights around 91.8 points; the last few are lower by `drop`."""
    chance = Random(seed)
    return [
        night(index, 0.918 + chance.gauss(0, SE) - (drop if index >= count - last else 0.0))
        for index in range(count)
    ]


def charted(name: Any, history: list[Night]) -> Chart:
    """The chart of a history, as the rule of `drift` computes it."""
    pairs = [
        (index, each.mean if name == "score" else each.kept / each.of)
        for index, each in enumerate(history)
        if each.verdict not in ("incomplete", "accepted")
    ]
    means = [float(mean or 0.0) for _, mean in pairs]
    spread = SE if name == "score" else 0.006
    learned = None
    if len(means) >= LEARNING_NIGHTS:
        first = means[:LEARNING_NIGHTS]
        se = spread * sqrt(1 + 1 / LEARNING_NIGHTS)
        learned = ChartBaseline(mean=sum(first) / len(first), se=se, nights=LEARNING_NIGHTS)
    points, ewma = [], 0.0
    for number, (index, mean) in enumerate(zip([i for i, _ in pairs], means, strict=True)):
        if learned is None or number < LEARNING_NIGHTS:
            points.append(ChartPoint(night=index, mean=mean, se=spread))
            continue
        z = (mean - learned.mean) / (spread * sqrt(1.1))
        ewma = min(0.0, 0.2 * z + 0.8 * ewma)
        is_reset = ewma < LIMIT and history[index].verdict == "steady"
        points.append(ChartPoint(night=index, mean=mean, se=spread, z=z, ewma=ewma, reset=is_reset))
        ewma = 0.0 if is_reset else ewma
    last = points[-1].ewma if points else None
    return Chart(name=name, baseline=learned, ewma=last, limit=LIMIT, points=tuple(points))


def prompt(history: list[Night], **values: Any) -> PromptDrift:
    last = history[-1]
    scored = [charted("score", history)] if last.score else []
    return PromptDrift(
        **{
            "prompt": last.prompt,
            "score": last.score,
            "verdict": last.verdict,
            "line": "91.3 points, baseline 91.8 of 10 nights, ewma -0.6 of -0.9",
            "night": last,
            "history": tuple(history),
            "charts": (*scored, charted("contracts", history)),
            "visible": Visible(points=5.0, nights=3) if len(history) > 10 else None,
            **values,
        }
    )


def answer(text: str, model: str = OLD) -> Answer:
    return Answer(text=text, model=model, usage=Usage(input=412, output=len(text) // 4))


def worse(number: int) -> Worse:
    return Worse(
        name=f"ticket {number}",
        before=1.0,
        after=round(number / 9, 2),
        before_answer=answer('{"category": "bug", "urgency": 3}'),
        after_answer=answer('{"category": "billing", "urgency": 3}', NEW),
    )


def renamed(history: list[Night], name: str, **values: Any) -> list[Night]:
    return [replace(each, prompt=name, **values) for each in history]


def drifted_history(count: int = 34) -> list[Night]:
    history = series(count, drop=0.055)
    changed = {"models": (NEW,), "fingerprints": ("fp_91ab3c",), "same": 0.4}
    for index, verdict, z in ((-2, "suspect", -2.6), (-1, "drifted", -3.1)):
        confirmed = Confirmed(score=z)
        history[index] = replace(history[index], verdict=verdict, confirmed=confirmed, **changed)
    return history


BLAME = DriftBlame(
    who="model",
    why=(
        f"`{NEW}` answers; the learned nights were answered by `{OLD}`",
        "61% of the answers were equal to a recorded one, tonight 40% (z -3.4)",
    ),
)


def drifted_prompt(count: int = 34) -> PromptDrift:
    return prompt(drifted_history(count), blame=BLAME, worst=tuple(map(worse, range(5))))


def run(*prompts: PromptDrift, **values: Any) -> Drift:
    return Drift(
        **{
            "release": "v1.8.0",
            "channel": "production",
            "history": "refs/notes/promptops-drift",
            "prompts": prompts,
            "cost_usd": 0.04 * len(prompts),
            "duration_s": 12.5,
            **values,
        }
    )


def steady() -> Drift:
    """A prompt with a score, and one without measures."""
    plain = renamed(series(12, seed=5), "mail/reply", score=None, mean=None, within=None, same=None)
    return run(prompt(series(14)), prompt(plain))


def learning() -> Drift:
    return run(prompt(series(4)))


def drifted() -> Drift:
    """One drifted, one suspect because of its judge, one steady."""
    tone = renamed(series(20, drop=0.09, last=1, seed=8), "support/reply")
    judged = [replace(each, judge=NightJudge(id="judges/tone", kappa=0.71)) for each in tone]
    judged[-1] = replace(judged[-1], verdict="suspect", confirmed=Confirmed(score=-2.2))
    suspect = prompt(
        judged,
        blame=DriftBlame(
            who="judge",
            why=("`judges/tone` judges 60 recorded answers lower than before (p=.002)",),
        ),
        worst=(worse(3),),
    )
    profile = ProfileDrift(
        profile="fast",
        prompts=("mail/summary", "support/reply", "support/triage"),
        ewma=-1.1,
        limit=LIMIT,
        verdict="suspect",
    )
    calm = prompt(renamed(series(34, seed=9), "mail/summary"))
    return run(calm, suspect, drifted_prompt(), profiles=(profile,), pushes=True)


def unfinished() -> Drift:
    """A budget that ended, a broken line of the history, a refused push."""
    history = series(13)
    reason = "2 of 50 cases have no answer"
    history[-1] = replace(history[-1], verdict="incomplete", reason=reason)
    return run(
        prompt(history),
        problems=(
            CaseRun(
                prompt="support/triage",
                name="ticket 4",
                status="error",
                reason="HTTP 503 from api.example.com",
                place=Place("prompts/support/triage.prompt.yaml", 30, 5, 30, 9),
                infrastructure=True,
            ),
        ),
        broken=(HistoryProblem(place=Place("nights.jsonl", 3, 18), message="not JSON"),),
        unpushed="refs/notes/promptops-drift was not pushed to `origin`: the token may not write",
        ended="the budget of $0.05 is spent",
        unasked=6,
        unanswered=6,
        next="promptops drift support/triage --max-cost 1",
    )


def relearned() -> Drift:
    """A new level was accepted, then 12 nights; another fingerprint on each of 10 nights."""
    history = series(30, drop=0.03, last=18)
    history[12] = replace(history[12], verdict="accepted", n=0, mean=None, reason="new model")
    for index in range(13, 30):
        verdict = "learning" if index < 23 else "steady"
        history[index] = replace(
            history[index],
            verdict=verdict,
            models=(NEW,),
            fingerprints=(f"fp_{index}" if index > 20 else "fp_0",),
        )
    chart = charted("score", [replace(each, mean=each.mean or 0.0) for each in history[13:]])
    moved = [replace(point, night=point.night + 13) for point in chart.points]
    return run(prompt(history, charts=(replace(chart, points=tuple(moved)),)))


def accepted() -> Drift:
    return run(accepted=("support/triage",), cost_usd=0.0)


def nothing() -> Drift:
    return run(nothing="no case has an assertion on the answer", cost_usd=0.0)


def many(prompts: int = 13, nights: int = 120) -> Drift:
    """A prompt that drifted, and others with one or two nights that were not confirmed."""
    others = [
        prompt(renamed(series(nights, seed=number), f"area-{number % 4}/prompt-{number}"))
        for number in range(1, prompts)
    ]
    return run(*others, drifted_prompt(nights))


RUNS = {
    "steady": steady,
    "learning": learning,
    "drifted": drifted,
    "unfinished": unfinished,
    "relearned": relearned,
    "accepted": accepted,
    "nothing": nothing,
}


def hostile(text: str) -> Drift:
    """The text stands in every text that a model, a provider or a prompt's author writes."""
    history = [
        replace(
            each,
            prompt=text,
            release=text,
            score=text,
            profile=text,
            models=(text, f"{text}{index}"),
            fingerprints=(f"{text}{index}",),
            judge=NightJudge(id=f"{text}{index}", kappa=0.7),
            reason=text,
            at=text,
        )
        for index, each in enumerate(drifted_history(14))
    ]
    return run(
        prompt(
            history,
            line=text,
            blame=DriftBlame(who="model", why=(text, text)),
            worst=(
                Worse(
                    name=text,
                    before=1.0,
                    after=0.0,
                    before_answer=answer(text, text),
                    after_answer=answer(f"{text}\nand more", text),
                ),
            ),
        ),
        release=text,
        channel=text,
        history=text,
        profiles=(
            ProfileDrift(profile=text, prompts=(text,), ewma=-1.0, limit=LIMIT, verdict="drifted"),
        ),
        problems=(
            CaseRun(
                prompt=text,
                name=text,
                status="error",
                reason=text,
                place=Place(text or "a", 1, 1, 1, 2),
                infrastructure=True,
            ),
        ),
        broken=(HistoryProblem(place=Place(text or "a", 3, 18), message=text),),
        unpushed=text,
        warnings=(text,),
        ended=text,
        next=text,
    )
