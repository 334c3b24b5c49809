"""Attacks that were not sent, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.jobs.probing.attacks import AttackedPrompt
from promptops.jobs.probing.judged import Attacks
from promptops.jobs.testing.outcomes import error_run
from promptops.jobs.testing.plan import PlannedCase
from promptops.jobs.testing.running import why_no_cases
from promptops.jobs.workspace.selection import Selected
from promptops.model.probe_run import SkippedProbe
from promptops.model.test_run import CaseRun
from promptops.records import replace


def skipped_probes(
    prompts: Sequence[AttackedPrompt], unrendered: Sequence[PlannedCase], attacks: Attacks
) -> tuple[SkippedProbe, ...]:
    """Probes that don't fit, families and inputs that were left out, attacks that don't render."""
    found = [skipped for each in prompts for skipped in each.skipped]
    for planned in unrendered:
        attack = attacks[planned.prompt.id, planned.case.name]
        found.append(
            SkippedProbe(
                prompt=planned.prompt.id,
                id=attack.probe,
                family=attack.family,
                input=attack.target.input,
                why=planned.error,
            )
        )
    return tuple(found)


def serious_errors(
    plan: Sequence[PlannedCase], unrendered: Sequence[PlannedCase], attacks: Attacks
) -> Iterator[CaseRun]:
    """Bugs; and one attack of each input of which no attack can be rendered."""

    def target(planned: PlannedCase) -> tuple[str, str]:
        prompt = planned.prompt.id
        return prompt, attacks[prompt, planned.case.name].target.input

    sent = {target(planned) for planned in plan}
    first: dict[tuple[str, str], PlannedCase] = {}
    for planned in unrendered:
        if planned.internal:
            yield _error(planned)
        elif target(planned) not in sent:
            first.setdefault(target(planned), planned)
    yield from map(_error, first.values())


def _error(planned: PlannedCase) -> CaseRun:
    run = error_run(planned.prompt.id, planned.error, planned.place)
    return replace(run, name=planned.case.name, internal=planned.internal)


def why_nothing(
    catalog: Catalog,
    selected: Selected,
    prompts: Sequence[AttackedPrompt],
    unrendered: Sequence[PlannedCase],
) -> str:
    """The reason for a run without attacks, or ""."""
    if not selected.why:
        return why_no_cases(catalog, selected)
    if unrendered:
        return "no attack can be rendered"
    if not prompts:
        return "no prompt can be read"
    for each in (skipped for prompt in prompts for skipped in prompt.skipped):
        if what(each):
            return f"{each.prompt}: {what(each)}: {each.why}"
    return "no input is marked x-untrusted"


def what(skipped: SkippedProbe) -> str:
    """What was not sent: `probe in input`, an input or a family; "" for a whole prompt."""
    if skipped.id:
        return f"{skipped.id} in {skipped.input}"
    if skipped.input:
        return f"`{skipped.input}`"
    return f"the family `{skipped.family}`" if skipped.family else ""
