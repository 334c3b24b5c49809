"""Each changed prompt with its version at the base, and the risks in its budgets and scores."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from promptops.catalog.catalog import Catalog
from promptops.evals.case_assertions import WrittenAssertion, assertions_of
from promptops.evals.judge_answer import primary
from promptops.evals.parse import parse
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Prompt
from promptops.model.risk import Risk
from promptops.records import record
from promptops.workspace.selection import Selected
from promptops.workspace.workspace import Workspace


@record(frozen=True, slots=True)
class PromptVersions:
    """One prompt that can be read on both sides; the same object if its files are equal."""

    before: Prompt
    after: Prompt


def prompt_versions(
    selected: Selected, head: Workspace, base: Workspace
) -> Iterator[PromptVersions]:
    """The selected prompts that also exist in the base, in the order of paths."""
    for path in selected.why:
        loaded = head.catalog.loaded(path)
        before = _as_it_was(loaded, head.catalog, base.catalog, selected.changed or ())
        if loaded.prompt is not None and before is not None:
            yield PromptVersions(before, loaded.prompt)


def path_before(prompt: Prompt, before: Catalog) -> str | None:
    """The path of the prompt in the base, by its id or an alias; None if it is new."""
    names = (prompt.id, *prompt.aliases)
    return next((before.paths[name] for name in names if name in before.paths), None)


def _as_it_was(
    loaded: LoadedPrompt, head: Catalog, before: Catalog, changed: Collection[str]
) -> Prompt | None:
    """The prompt at the base; read again only if one of its files changed."""
    prompt = loaded.prompt
    path = path_before(prompt, before) if prompt is not None else None
    if prompt is None or path is None:
        return None
    files = {path, prompt.path, *(reference.target for reference in loaded.references)}
    same = path == prompt.path and files.isdisjoint(changed) and prompt.extends is None
    return prompt if same else before.loaded(path).prompt


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
    common = {case.name for case in pair.before.cases} & {case.name for case in pair.after.cases}
    before, after = _measures(pair.before, common), _measures(pair.after, common)
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
    visited: set[int] = set()
    for assertion in (
        assertion
        for case in prompt.cases
        if case.name in cases
        for assertion in assertions_of(case, prompt)
    ):
        if id(assertion.written) in visited:  # an assertion of every case
            continue
        visited.add(id(assertion.written))
        parsed = parse(assertion.written, "answer")[0]
        if parsed is not None and parsed.score is not None:
            words = repr(sorted(assertion.written.items(), key=lambda item: item[0]))
            found.setdefault(parsed.score, {}).setdefault(words, assertion)
    return found
