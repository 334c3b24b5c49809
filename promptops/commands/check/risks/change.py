"""All risks in a change, except those in the policy settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

from promptops.catalog.catalog import Catalog
from promptops.catalog.misnamed_prompts import UNREAD, unread_prompts
from promptops.catalog.named_files import ESCAPES
from promptops.catalog.recordings import recordings_in
from promptops.catalog.references import is_below
from promptops.catalog.retrieved_inputs import retrieved_name
from promptops.commands.check.risks.probes import probe_rule_risks
from promptops.commands.check.risks.prompts import (
    PromptVersions,
    budget_risks,
    path_before,
    prompt_versions,
    score_risks,
)
from promptops.commands.lint.baseline import comment_risks
from promptops.model.answer import Answer, Recording
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.model.report import LintReport
from promptops.model.risk import Risk
from promptops.plurals import counted, some
from promptops.records import record, replace
from promptops.source.recording_files import with_first
from promptops.source.recordings import Key, ReadRecordings, key_of
from promptops.testing.recordings.audit import answer_differences
from promptops.workspace.selection import Selected
from promptops.workspace.workspace import Workspace


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


# Risks in recorded answers: another model behind one profile, answers replaced by hand.

MOST_NAMED = 5
"""At most this many cases of a prompt are named for one reason; the others are counted."""

_Line = tuple[Recording, Place]
"""A recording and the place of its line."""

_Who = tuple[str, str | None]
"""The model name reported by the provider, and its system fingerprint."""


def recording_risks(
    selected: Selected, head: Workspace, base: Workspace, *, untrusted: bool
) -> Iterator[Risk]:
    """Risks in the recordings of the selected prompts; compared only if a file differs.

    Args:
        untrusted: Refuse answers of another model, because they leave a worse score inconclusive.
    """
    for path in selected.why:
        prompt = head.catalog.loaded(path).prompt
        before = path_before(prompt, base.catalog) if prompt is not None else None
        if prompt is not None and before is not None:
            files = _RecordingFiles(prompt, before, head.catalog, base.catalog)
            if files.differ:
                yield from _prompt_risks(files, untrusted=untrusted)


@record(frozen=True)
class _RecordingFiles:
    """The recordings of one prompt on both sides."""

    prompt: Prompt
    path_before: str
    head: Catalog
    base: Catalog

    @property
    def differ(self) -> bool:
        before, after = _blobs(self.base, self.path_before), _blobs(self.head, self.prompt.path)
        return bool(before and after) and before != after

    @cached_property
    def after(self) -> ReadRecordings:
        return recordings_in(self.head, self.prompt.path)

    @cached_property
    def before(self) -> Mapping[Key, Recording]:
        found = recordings_in(self.base, self.path_before)
        return {key_of(recording): recording for recording in found.recordings}

    @cached_property
    def answered_by(self) -> Mapping[str, frozenset[_Who]]:
        """From a judge ("" for none) to the models of its answers at the base."""
        found: dict[str, set[_Who]] = {}
        for recording in self.before.values():
            found.setdefault(recording.judge, set()).add(_who(recording.answer))
        return {judge: frozenset(known) for judge, known in found.items()}

    def asks_another(self, judge: str) -> bool:
        """Whether the change configures another model for the prompt or one of its judges."""
        if not judge:
            return _model(self.head, self.prompt.path) != _model(self.base, self.path_before)
        path, before = self.head.paths.get(judge), self.base.paths.get(judge)
        if path is None or before is None:
            return True
        return _model(self.head, path) != _model(self.base, before)


def _blobs(catalog: Catalog, path: str) -> tuple[str | None, ...]:
    """The contents of the recordings in order; renumbering a file is not a change."""
    return tuple(map(catalog.files.blob, catalog.recording_files(path)))


def _prompt_risks(files: _RecordingFiles, *, untrusted: bool) -> Iterator[Risk]:
    others: list[_Line] = []
    replaced: list[_Line] = []
    for recording, line in zip(files.after.recordings, files.after.places, strict=True):
        before = files.before.get(key_of(recording))
        if _is_of_another(recording, before, files):
            others.append((recording, line))
        elif before is not None and answer_differences(before.answer, recording.answer):
            replaced.append((recording, line))
    expected = {
        judge for judge in {recording.judge for recording, _ in others} if files.asks_another(judge)
    }
    surprising = [
        (recording, line) for recording, line in others if recording.judge not in expected
    ]
    yield from _case_risks(files, surprising, _another, refused=untrusted)
    yield from _case_risks(files, replaced, _replaced, refused=False)


def _is_of_another(recording: Recording, before: Recording | None, files: _RecordingFiles) -> bool:
    """Whether model or fingerprint differ from the same request's; for a new request, from all."""
    if before is not None:
        return _who(before.answer) != _who(recording.answer)
    known = files.answered_by.get(recording.judge, frozenset())
    return bool(known) and _who(recording.answer) not in known


def _case_risks(
    files: _RecordingFiles,
    found: Sequence[_Line],
    message: Callable[[Recording], str],
    *,
    refused: bool,
) -> Iterator[Risk]:
    """A risk for each case; only the first ones are named."""
    cases: dict[tuple[str, str], _Line] = {}
    for recording, line in found:
        cases.setdefault((recording.case, recording.judge), (recording, line))
    for number, (recording, line) in enumerate(cases.values()):
        rest, named = len(cases) - number, number < MOST_NAMED
        place, prompt = replace(line, end_column=1), files.prompt.id
        text = (
            message(recording)
            if named
            else f"{message(recording)}; {counted(rest, 'case')} like this"
        )
        yield Risk(message=text, prompt=prompt, case=recording.case, place=place, refused=refused)
        if not named:
            return


def _another(recording: Recording) -> str:
    answer = recording.answer
    model = f"`{answer.model}`" + (f" ({answer.fingerprint})" if answer.fingerprint else "")
    answer_of = _whose(recording)
    return f"{answer_of} is from {model}, unlike at the base, although the profile is unchanged"


def _replaced(recording: Recording) -> str:
    return f"{_whose(recording)} was replaced, although its request is unchanged"


def _whose(recording: Recording) -> str:
    name = retrieved_name(recording.judge)
    if name is not None:
        return f"the recorded input `{name}`"
    judge = f" of the judge `{recording.judge}`" if recording.judge else ""
    return f"the recorded answer{judge}"


def _who(answer: Answer) -> _Who:
    return answer.model, answer.fingerprint


def _model(catalog: Catalog, path: str) -> tuple[str | None, str | None] | None:
    prompt = catalog.loaded(path).prompt
    return (prompt.model.provider, prompt.model.id) if prompt is not None else None
