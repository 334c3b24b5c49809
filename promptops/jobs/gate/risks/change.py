"""All risks in a change, except those in the policy settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.catalog.misnamed_prompts import UNREAD, unread_prompts
from promptops.catalog.named_files import ESCAPES
from promptops.catalog.references import is_below
from promptops.jobs.gate.risks.probes import probe_rule_risks
from promptops.jobs.gate.risks.prompts import (
    PromptVersions,
    budget_risks,
    prompt_versions,
    score_risks,
)
from promptops.jobs.gate.risks.recordings import recording_risks
from promptops.jobs.lint.baseline import comment_risks
from promptops.jobs.workspace.selection import Selected
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.model.report import LintReport
from promptops.model.risk import Risk
from promptops.plurals import counted, some
from promptops.source.recording_files import with_first


def change_risks(
    head: Workspace, selected: Selected, base: Workspace, lint: LintReport, *, untrusted: bool
) -> Iterator[Risk]:
    """Risks in a change since `base`. Removed tests are reported by the diff.

    Reads only files that changed, and only prompts that were selected.

    Args:
        lint: The report on the selected prompts, with their comments.
        untrusted: Refuse changes that leave a worse answer inconclusive.
    """
    if not selected.changed:
        return
    found = list(prompt_versions(selected, head, base))
    yield from judge_risks(found, head, selected)
    for pair in found:
        yield from budget_risks(pair)
        yield from score_risks(pair)
        yield from probe_rule_risks(pair)
    yield from recording_risks(selected, head, base, untrusted=untrusted)
    before = base.catalog.files.data
    changed = (comment for comment in lint.comments if comment.place.path in selected.changed)
    yield from comment_risks(changed, head.catalog, before)
    yield from file_risks(selected, head, base)


def file_risks(selected: Selected, head: Workspace, base: Workspace) -> Iterator[Risk]:
    """Risks in the changed files only."""
    changed = sorted(selected.changed or ())
    yield from _removed(changed, head.catalog, base.catalog)
    for one in unread_prompts(head.catalog, changed):
        yield Risk(message=f"{UNREAD}: {one.command}", place=Place(one.path))
    yield from _links(changed, head.catalog)


def _removed(changed: list[str], head: Catalog, base: Catalog) -> Iterator[Risk]:
    """Removed prompts without a replacement in the change, with their test cases."""
    gone = {base.ids[path] for path in changed if path in base.ids} - head.paths.keys()
    if not gone:
        return
    gone -= head.graph.aliases.keys()
    for name in sorted(gone):
        prompt = base.loaded(base.paths[name]).prompt
        if prompt is not None and prompt.cases:
            cases = counted(len(prompt.cases), "test case")
            yield Risk(message=f"the prompt was removed with its {cases}", prompt=name)


def _links(changed: list[str], head: Catalog) -> Iterator[Risk]:
    roots = (*head.config.prompts, *head.config.schemas)
    for path in changed:
        entry = head.files.entries.get(path)
        below = any(is_below(path, root) for root in roots)
        if below and entry is not None and entry.kind in _UNREAD:
            message = f"{_UNREAD[entry.kind]}, and its content is not read"
            yield Risk(message=message, place=Place(path))


_UNREAD = {"symlink": "this is now a symbolic link", "submodule": "this is now a submodule"}


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
        if changed & {path, *catalog.dependencies(path)}:
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
