"""What a change alters in how it is judged, beside the policy of the repository."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.catalog import Catalog
from promptops.catalog.graph import ESCAPES
from promptops.jobs.selection import Selected
from promptops.jobs.workspace import Workspace
from promptops.model.prompt import Prompt
from promptops.report.parts.summary import counted


def judge_risks(workspace: Workspace, selected: Selected, base: Workspace) -> Iterator[str]:
    """What a change since `base` alters in who judges, by which code, within which budgets.

    A line each. The opinions that count are recorded by the change itself, so somebody has to look.
    """
    if not selected.changed:
        return
    catalog = workspace.catalog
    for path in selected.why:
        prompt = catalog.loaded(path).prompt
        was = _as_it_was(prompt, catalog, base.catalog) if prompt is not None else None
        if prompt is not None and was is not None and _judge(was) != _judge(prompt):
            yield f"{prompt.id} names another judge than its base"
        if prompt is not None and was is not None:
            yield from _raised(prompt, was)
    for path in sorted(selected.changed):
        if path.endswith(".py"):
            yield f"{path} changes, which may judge answers"
    for judge, judged in _judged_by(workspace).items():
        if selected.changed & {catalog.paths[judge], *catalog.rests_on(catalog.paths[judge])}:
            more = f" and {counted(len(judged) - 1, 'more prompt')}" if judged[1:] else ""
            yield f"{judge} changes, which judges {judged[0]}{more}"


def _raised(prompt: Prompt, was: Prompt) -> Iterator[str]:
    """The budgets that it keeps more easily than before."""
    for name, limit in was.budget.items():
        now = prompt.budget.get(name)
        if now is None or now > limit:
            yield f"{prompt.id} raises its budget of `{name}` from {limit:g} to {_limit(now)}"


def _limit(now: float | None) -> str:
    return "none" if now is None else f"{now:g}"


def _as_it_was(prompt: Prompt, catalog: Catalog, before: Catalog) -> Prompt | None:
    """The prompt at the base; None where it is new."""
    names = (prompt.id, *prompt.aliases)
    path = next((before.paths[name] for name in names if name in before.paths), None)
    if path is None:
        return None
    same = before.files.blob(path) == catalog.files.blob(prompt.path)
    return prompt if same and prompt.extends is None else before.loaded(path).prompt


def _judge(prompt: Prompt) -> object:
    return prompt.evaluation.get("judge")


def _judged_by(workspace: Workspace) -> dict[str, list[str]]:
    """From the id of each prompt that judges to those that name it themselves; few files do."""
    catalog = workspace.catalog
    roots = workspace.config.prompts
    named = workspace.repository.grep(workspace.revision, ("judge", *ESCAPES), roots)
    found: dict[str, list[str]] = {}
    for loaded in catalog.prompts(path for path in named if path in catalog.ids):
        judge = _judge(loaded.prompt) if loaded.prompt is not None else None
        if isinstance(judge, str) and judge in catalog.paths:
            found.setdefault(judge, []).append(loaded.id)
    return found
