"""Risks in a change that no rule of a single prompt sees.

In its prompts, their judges, budgets and scores; in recorded answers, also those to attacks; in git
attributes. Those in policy settings are in `policy`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import Files
from promptops.catalog.graph import ESCAPES
from promptops.catalog.recordings import recordings_at, recordings_in, retrieved_name
from promptops.catalog.references import is_below
from promptops.catalog.unread_prompts import UNREAD_MESSAGE, unread_prompts
from promptops.commands.lint.baseline import comment_risks
from promptops.evals.case_assertions import WrittenAssertion, assertions_of
from promptops.evals.judge_answer import primary
from promptops.model.answer import Answer, Recording
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.model.report import LintReport, Risk
from promptops.plurals import counted, some
from promptops.records import record, replace
from promptops.repo.attributes import FILE, Values, altering, attribute_files
from promptops.repo.repository import INDEX, WORKTREE
from promptops.source.recording_files import ENDING, by_first, with_first
from promptops.source.recordings import Key, ReadRecordings, key_of
from promptops.testing.recordings.store import answer_differences
from promptops.workspace.selection import Selected
from promptops.workspace.workspace import Workspace, managed_paths


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
        yield from draft_risks(pair)
    yield from recording_risks(selected, head, base, untrusted=untrusted)
    before = base.catalog.files.data
    changed = (comment for comment in lint.comments if comment.place.path in selected.changed)
    yield from comment_risks(changed, head.catalog, before)
    yield from file_risks(selected, head, base)


# Each changed prompt with its version at the base.


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


def path_before(prompt: Prompt, before: Catalog) -> str | None:
    """The path of the prompt in the base, by its id or an alias; None if it is new."""
    names = (prompt.id, *prompt.aliases)
    return next((before.paths[name] for name in names if name in before.paths), None)


# Judges, budgets and scores.


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


def _judge(prompt: Prompt) -> object:
    return prompt.evaluation.get("judge")


def _changed_judges(workspace: Workspace, selected: Selected) -> Iterator[Risk]:
    catalog, changed = workspace.catalog, with_first(selected.changed or ())
    for judge, judged in _judged_by(workspace).items():
        path = catalog.paths[judge]
        if changed & {path, *catalog.dependencies(path)}:
            message = f"the judge of {some(judged, 1, 'prompt')} changes"
            yield Risk(message=message, prompt=judge, place=Place(path))


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


_Measures = Mapping[str, Mapping[str, WrittenAssertion]]
"""From each score to its measures, by their description."""


def score_risks(pair: PromptVersions) -> Iterator[Risk]:
    """Risks for another primary score, and for measures added to a score.

    Removed or altered measures are reported by the diff (CHG602).
    """
    if pair.before is pair.after:
        return
    common = {case.name for case in pair.before.cases} & {case.name for case in pair.after.cases}
    before, after = _measures_by_score(pair.before, common), _measures_by_score(pair.after, common)
    yield from _primary_score_risks(pair, before, after)
    for score in before.keys() & after.keys():
        for words in after[score].keys() - before[score].keys():
            if len(after[score]) > len(before[score]):
                found = after[score][words]
                message = f"the score `{score}` also counts `{found.written.get('type')}`"
                yield Risk(message=message, prompt=pair.after.id, place=found.at("", False))


def _primary_score_risks(
    pair: PromptVersions, before: _Measures, after: _Measures
) -> Iterator[Risk]:
    old, new = pair.before.evaluation, pair.after.evaluation
    if old.get("score") != new.get("score"):
        return  # the diff reports it (CHG602)
    was, now = primary(old, before), primary(new, after)
    if was is not None and was != now:
        what = f"`{now}` decides" if now is not None else "no score decides"
        message = f"{what} instead of the score `{was}`"
        place = pair.after.locate("/evaluation", True)
        yield Risk(message=message, prompt=pair.after.id, place=place)


def _measures_by_score(prompt: Prompt, cases: Collection[str]) -> _Measures:
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
        parsed = assertion.parsed
        if parsed is not None and parsed.score is not None:
            words = repr(sorted(assertion.written.items(), key=lambda item: item[0]))
            found.setdefault(parsed.score, {}).setdefault(words, assertion)
    return found


# Cases that fail nothing any more.


def draft_risks(pair: PromptVersions) -> Iterator[Risk]:
    """A risk for cases that become drafts: from then on their failures are warnings."""
    before = {case.name for case in pair.before.cases if not case.is_draft}
    found = [case for case in pair.after.cases if case.is_draft and case.name in before]
    if found:
        named = some([f"`{case.name}`" for case in found], MOST_CASES_NAMED, "case")
        message = f"tagged `draft`, so a failure is only a warning: {named}"
        place = found[0].locate(found[0].at, False)
        yield Risk(message=message, prompt=pair.after.id, place=place)


# Recorded answers: another model behind one profile, answers replaced by hand.

MOST_CASES_NAMED = 5
"""At most this many cases of a prompt are named for one reason; the others are counted."""

_PlacedRecording = tuple[Recording, Place]
"""A recording and the place of its line."""

_AnsweringModel = tuple[str, str | None]
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
                yield from _changed_answer_risks(files, untrusted=untrusted)


@record(frozen=True)
class _RecordingFiles:
    """The recordings of one prompt on both sides."""

    prompt: Prompt
    path_before: str
    head: Catalog
    base: Catalog

    @property
    def differ(self) -> bool:
        before, after = (
            _blobs_of_recordings(self.base, self.path_before),
            _blobs_of_recordings(self.head, self.prompt.path),
        )
        return bool(before and after) and before != after

    @cached_property
    def after(self) -> ReadRecordings:
        return recordings_in(self.head, self.prompt.path)

    @cached_property
    def before(self) -> Mapping[Key, Recording]:
        found = recordings_in(self.base, self.path_before)
        return {key_of(recording): recording for recording in found.recordings}

    @cached_property
    def answered_by(self) -> Mapping[str, frozenset[_AnsweringModel]]:
        """From a judge ("" for none) to the models of its answers at the base."""
        found: dict[str, set[_AnsweringModel]] = {}
        for recording in self.before.values():
            found.setdefault(recording.judge, set()).add(recording.answer.answering_model)
        return {judge: frozenset(known) for judge, known in found.items()}

    def asks_another(self, judge: str) -> bool:
        """Whether the change configures another model for the prompt or one of its judges."""
        if not judge:
            return _configured_model(self.head, self.prompt.path) != _configured_model(
                self.base, self.path_before
            )
        path, before = self.head.paths.get(judge), self.base.paths.get(judge)
        if path is None or before is None:
            return True
        return _configured_model(self.head, path) != _configured_model(self.base, before)


def _blobs_of_recordings(catalog: Catalog, path: str) -> tuple[str | None, ...]:
    """The contents of the recordings in order; renumbering a file is not a change."""
    return tuple(map(catalog.files.blob, catalog.recording_files(path)))


def _configured_model(catalog: Catalog, path: str) -> tuple[str | None, str | None] | None:
    prompt = catalog.loaded(path).prompt
    return (prompt.model.provider, prompt.model.id) if prompt is not None else None


def _changed_answer_risks(files: _RecordingFiles, *, untrusted: bool) -> Iterator[Risk]:
    others: list[_PlacedRecording] = []
    replaced: list[_PlacedRecording] = []
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
    yield from _case_risks(files, surprising, _another_model_message, refused=untrusted)
    yield from _case_risks(files, replaced, _replaced_message, refused=False)


def _is_of_another(recording: Recording, before: Recording | None, files: _RecordingFiles) -> bool:
    """Whether model or fingerprint differ from the same request's; for a new request, from all."""
    if before is not None:
        return before.answer.answering_model != recording.answer.answering_model
    known = files.answered_by.get(recording.judge, frozenset())
    return bool(known) and recording.answer.answering_model not in known


def _case_risks(
    files: _RecordingFiles,
    found: Sequence[_PlacedRecording],
    message: Callable[[Recording], str],
    *,
    refused: bool,
) -> Iterator[Risk]:
    """A risk for each case; only the first ones are named."""
    cases: dict[tuple[str, str], _PlacedRecording] = {}
    for recording, line in found:
        cases.setdefault((recording.case, recording.judge), (recording, line))
    for number, (recording, line) in enumerate(cases.values()):
        rest, named = len(cases) - number, number < MOST_CASES_NAMED
        place, prompt = replace(line, end_column=1), files.prompt.id
        text = (
            message(recording)
            if named
            else f"{message(recording)}; {counted(rest, 'case')} like this"
        )
        yield Risk(message=text, prompt=prompt, case=recording.case, place=place, refused=refused)
        if not named:
            return


def _another_model_message(recording: Recording) -> str:
    answer = recording.answer
    model = f"`{answer.model}`" + (f" ({answer.fingerprint})" if answer.fingerprint else "")
    answer_of = _whose(recording)
    return f"{answer_of} is from {model}, unlike at the base, although the profile is unchanged"


def _replaced_message(recording: Recording) -> str:
    return f"{_whose(recording)} was replaced, although its request is unchanged"


def _whose(recording: Recording) -> str:
    name = retrieved_name(recording.judge)
    if name is not None:
        return f"the recorded input `{name}`"
    judge = f" of the judge `{recording.judge}`" if recording.judge else ""
    return f"the recorded answer{judge}"


# Removed prompts, files that are not read, links.

_UNREAD_KINDS = {"symlink": "this is now a symbolic link", "submodule": "this is now a submodule"}


def file_risks(selected: Selected, head: Workspace, base: Workspace) -> Iterator[Risk]:
    """Risks in the changed files only."""
    changed = sorted(selected.changed or ())
    yield from _removed_prompt_risks(changed, head.catalog, base.catalog)
    for one in unread_prompts(head.catalog, changed):
        yield Risk(message=f"{UNREAD_MESSAGE}: {one.fix}", place=Place(one.path))
    roots = (*head.catalog.config.prompts, *head.catalog.config.schemas)
    for path in changed:
        entry = head.catalog.files.entries.get(path)
        below = any(is_below(path, root) for root in roots)
        if below and entry is not None and entry.kind in _UNREAD_KINDS:
            message = f"{_UNREAD_KINDS[entry.kind]}, and its content is not read"
            yield Risk(message=message, place=Place(path))


def _removed_prompt_risks(changed: list[str], head: Catalog, base: Catalog) -> Iterator[Risk]:
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


# What a prompt accepts of attacks, and the recorded answers to them.

_PROBES = "probes"
_LONGEST_VALUE = 80


def probe_rule_risks(pair: PromptVersions) -> Iterator[Risk]:
    """Risks for changed rules in `evaluation.probes`; the gate uses those of the base."""
    before = pair.before.evaluation.get(_PROBES) or {}
    after = pair.after.evaluation.get(_PROBES) or {}
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was != now:
            message = (
                f"`evaluation.{_PROBES}.{key}` changes from {_shown_value(was)} to"
                f" {_shown_value(now)}; that of the base applies"
            )
            place = pair.after.locate(f"/evaluation/{_PROBES}/{key}", True)
            yield Risk(message=message, prompt=pair.after.id, place=place)


def _shown_value(value: Any) -> str:
    if value is None:
        return "none"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


_MOST_ATTACKS_NAMED = 5
_REPLACED = "the recorded answer to an attack was replaced, although its request is unchanged"


def probe_recording_risks(head: Workspace, base: Workspace) -> Iterator[Risk]:
    """Risks for replaced answers to attacks; reads changed files only.

    Also those of prompts that did not change: their next check would trust the answers.
    """
    root = base.config.probe.recordings
    after, before = (
        Files(side.repository.tree(side.revision, under=(root,))) for side in (head, base)
    )
    for first in by_first(before.entries):
        if _blobs_of_attacks(after, first) != _blobs_of_attacks(before, first):
            prompt = first.removeprefix(f"{root}/").removesuffix(ENDING)
            yield from _attack_risks(prompt, _replaced_attacks(first, after, before))


def _blobs_of_attacks(files: Files, first: str) -> tuple[str | None, ...]:
    return tuple(map(files.blob, files.recordings(first)))


def _replaced_attacks(first: str, after: Files, before: Files) -> dict[str, Place]:
    """The attacks with another answer than at the base, each with the place of its line."""
    was = {key_of(each): each.answer for each in recordings_at(before, first).recordings}
    found = recordings_at(after, first)
    cases: dict[str, Place] = {}
    for recording, place in zip(found.recordings, found.places, strict=True):
        old = was.get(key_of(recording))
        if old is not None and _without_latency(old) != _without_latency(recording.answer):
            cases.setdefault(recording.case, place)
    return cases


def _without_latency(answer: Answer) -> Answer:
    return replace(answer, latency_s=None)


def _attack_risks(prompt: str, cases: dict[str, Place]) -> Iterator[Risk]:
    """A risk for each case; only the first ones are named."""
    for number, (case, place) in enumerate(cases.items()):
        left = len(cases) - number
        more = f"; {counted(left, 'attack')} like this" if number == _MOST_ATTACKS_NAMED else ""
        at = replace(place, end_column=1)
        yield Risk(message=f"{_REPLACED}{more}", prompt=prompt, case=case, place=at)
        if more:
            return


# Git attributes that make files on disk differ from the committed ones.

MOST_ATTRIBUTES = 20
"""At most this many attributes are reported with their places."""
LONGEST_ATTRIBUTE_LINE = 2048
"""Characters of a line; git ignores a longer one."""

AttributeLines = Mapping[str, list[str]]
"""The lines of each .gitattributes file, by its path."""


def checkout_risks(workspace: Workspace, base: Workspace | None) -> Iterator[Risk]:
    """Risks for attributes that make files on disk differ from the committed ones.

    A reviewer who opens such a file does not see the content that is committed and loaded.

    Args:
        base: Files with the same content and attributes in the base are left out.
    """
    files = workspace.catalog.files
    paths = [path for path in files.entries if files.is_file(path)]
    lines = _attribute_lines(workspace)
    if not lines:
        return
    values = workspace.repository.attributes(workspace.revision, paths)
    known = _unchanged_paths(workspace, base, values) if base is not None else frozenset()
    found: dict[str, list[str]] = {}
    for path, content in _committed(workspace, [p for p in values if p not in known]).items():
        for attribute in altering(values[path], content):
            found.setdefault(attribute, []).append(path)
    for attribute, altered in sorted(found.items())[:MOST_ATTRIBUTES]:
        message = f"the git attribute `{attribute}` is set: {_differ_on_disk(altered)}"
        yield Risk(message=message, place=_attribute_place(lines, altered[0], attribute))
    left_out = [path for _, altered in sorted(found.items())[MOST_ATTRIBUTES:] for path in altered]
    if left_out:
        yield Risk(message=f"git attributes: {_differ_on_disk(sorted(set(left_out)))}")


def _attribute_lines(workspace: Workspace) -> AttributeLines:
    """The lines of each relevant .gitattributes file, the nearest to the files first."""
    entries = workspace.catalog.files.entries
    inside = (path for path in entries if path.rpartition("/")[2] == FILE)
    places = sorted({*attribute_files(managed_paths(workspace.config)), *inside})
    found = workspace.repository.tree(workspace.revision, under=places).read(places)
    nearest = sorted(found, key=lambda path: (-path.count("/"), path))
    return {path: found[path].decode("utf-8", "replace").splitlines() for path in nearest}


def _unchanged_paths(
    workspace: Workspace, base: Workspace, values: Mapping[str, Values]
) -> frozenset[str]:
    """The paths whose content and attributes are unchanged."""
    files, before = workspace.catalog.files, base.catalog.files
    same = [path for path in values if files.blob(path) == before.blob(path)]
    if not same:
        return frozenset()
    then = workspace.repository.attributes(base.revision, same)
    return frozenset(path for path in same if then.get(path) == values[path])


def _committed(workspace: Workspace, paths: list[str]) -> Mapping[str, bytes]:
    """The committed content of the files; for the work tree, the content in the index."""
    files = workspace.catalog.files
    files.prefetch(paths)
    contents = {path: files.data(path) or b"" for path in paths}
    if workspace.revision == WORKTREE and paths:
        contents |= workspace.repository.tree(INDEX, under=paths).read(paths)
    return contents


def _differ_on_disk(paths: list[str]) -> str:
    first, *others = paths
    if not others:
        return f"{first} differs on disk from what is committed"
    return f"{first} and {counted(len(others), 'more file')} differ on disk from what is committed"


def _attribute_place(lines: AttributeLines, path: str, attribute: str) -> Place:
    """The line that sets an attribute of a file; only the file if a macro sets it."""
    above = [file for file in lines if path.startswith(file.removesuffix(FILE))]
    for file in above:
        below = path.removeprefix(file.removesuffix(FILE))
        for number, line in reversed(list(enumerate(lines[file], 1))):
            pattern, *attributes = line[:LONGEST_ATTRIBUTE_LINE].split() or [""]
            if attribute in attributes and _matches(pattern, below):
                return Place(file, number)
    return Place(next(iter(above), FILE))


def _matches(pattern: str, path: str) -> bool:
    """Match a pattern as git does, for the usual patterns."""
    name = path if "/" in pattern.strip("/") else path.rpartition("/")[2]
    return fnmatchcase(name, pattern.strip('"').lstrip("/"))
