"""Risks in the settings of a prompt file: its budgets and its scores."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from promptops.evals.case_assertions import WrittenAssertion, assertions_of
from promptops.evals.judge_answer import primary
from promptops.evals.parse import parse
from promptops.jobs.gate.risks.pairs import PromptVersions
from promptops.model.prompt import Prompt
from promptops.model.risk import Risk

_Measures = Mapping[str, Mapping[str, WrittenAssertion]]
"""From each score to its measures, by their description."""


def budget_risks(pair: PromptVersions) -> Iterator[Risk]:
    """Risks for raised budgets."""
    prompt = pair.after
    for name, limit in pair.before.budget.items():
        now = prompt.budget.get(name)
        if now is None or now > limit:
            to = "none" if now is None else f"{now:g}"
            message = f"the budget of `{name}` is raised from {limit:g} to {to}"
            place = prompt.locate(f"/budget/{name}", True)
            yield Risk(message=message, prompt=prompt.id, place=place)


def score_risks(pair: PromptVersions) -> Iterator[Risk]:
    """Risks for another primary score, and for measures added to a score.

    Removed or altered measures are reported by the diff (CHG602).
    """
    if pair.before is pair.after:
        return
    kept = {case.name for case in pair.before.cases} & {case.name for case in pair.after.cases}
    before, after = _measures(pair.before, kept), _measures(pair.after, kept)
    yield from _primary(pair, before, after)
    for score in before.keys() & after.keys():
        for words in after[score].keys() - before[score].keys():
            if len(after[score]) > len(before[score]):
                found = after[score][words]
                message = f"the score `{score}` also counts `{found.written.get('type')}`"
                yield Risk(message=message, prompt=pair.after.id, place=found.at("", False))


def _primary(pair: PromptVersions, before: _Measures, after: _Measures) -> Iterator[Risk]:
    old, new = pair.before.evaluation, pair.after.evaluation
    if old.get("score") != new.get("score"):
        return  # the diff reports it (CHG602)
    was, now = primary(old, before), primary(new, after)
    if was is not None and was != now:
        what = f"`{now}` decides" if now is not None else "no score decides"
        message = f"{what} instead of the score `{was}`"
        place = pair.after.locate("/evaluation", True)
        yield Risk(message=message, prompt=pair.after.id, place=place)


def _measures(prompt: Prompt, cases: Collection[str]) -> _Measures:
    """The measures of some cases; a new case is measured on both sides, so it is not a risk."""
    found: dict[str, dict[str, WrittenAssertion]] = {}
    seen: set[int] = set()
    for each in (
        e for case in prompt.cases if case.name in cases for e in assertions_of(case, prompt)
    ):
        if id(each.written) in seen:  # an assertion of every case
            continue
        seen.add(id(each.written))
        parsed = parse(each.written, "answer")[0]
        if parsed is not None and parsed.score is not None:
            words = repr(sorted(each.written.items(), key=lambda item: item[0]))
            found.setdefault(parsed.score, {}).setdefault(words, each)
    return found
