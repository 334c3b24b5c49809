"""Risks in judges: another judge, a changed judge, changed code of assertions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.file_words import ESCAPES
from promptops.counting import some
from promptops.jobs.gate.risks.pairs import PromptVersions
from promptops.jobs.workspace.selection import Selected
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.model.risk import Risk
from promptops.source.recording_files import with_first


def judge_risks(
    found: Sequence[PromptVersions], workspace: Workspace, selected: Selected
) -> Iterator[Risk]:
    """Risks for changed judges: their recorded verdicts decide, so a reviewer must look at them."""
    for pair in found:
        if _judge(pair.before) != _judge(pair.after):
            prompt = pair.after
            place = prompt.locate("/evaluation/judge", True)
            yield Risk(message="it uses another judge", prompt=prompt.id, place=place)
    for path in sorted(selected.changed or ()):
        if path.endswith(".py"):
            yield Risk(message="code changes that may judge answers", place=Place(path))
    yield from _changed_judges(workspace, selected)


def _changed_judges(workspace: Workspace, selected: Selected) -> Iterator[Risk]:
    catalog, changed = workspace.catalog, with_first(selected.changed or ())
    for judge, judged in _judged_by(workspace).items():
        path = catalog.paths[judge]
        if changed & {path, *catalog.rests_on(path)}:
            message = f"the judge of {some(judged, 1, 'prompt')} changes"
            yield Risk(message=message, prompt=judge, place=Place(path))


def _judge(prompt: Prompt) -> object:
    return prompt.evaluation.get("judge")


def _judged_by(workspace: Workspace) -> dict[str, list[str]]:
    """From the id of each judge prompt to the prompts that name it."""
    catalog = workspace.catalog
    roots = workspace.config.prompts
    named = workspace.repository.grep(workspace.revision, ("judge", *ESCAPES), roots)
    found: dict[str, list[str]] = {}
    for loaded in catalog.prompts(path for path in named if path in catalog.ids):
        judge = _judge(loaded.prompt) if loaded.prompt is not None else None
        if isinstance(judge, str) and judge in catalog.paths:
            found.setdefault(judge, []).append(loaded.id)
    return found
