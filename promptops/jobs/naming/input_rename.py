"""Rename an input in every file that names it, with a proof that all requests stay equal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from promptops.catalog.catalog import Catalog
from promptops.catalog.retrieved_inputs import recorded_as
from promptops.errors import InputError
from promptops.jobs.moving.recording_edits import recorded_judge_edits
from promptops.jobs.naming.families import Family, family_of
from promptops.jobs.naming.input_places import input_places
from promptops.jobs.naming.input_refusals import refuse_rename
from promptops.jobs.naming.prompt_facts import facts_of
from promptops.jobs.naming.words import Words
from promptops.jobs.workspace.case_requests import request_digests
from promptops.jobs.workspace.changed_tree import with_changes
from promptops.jobs.workspace.text_edits import edited_contents
from promptops.jobs.workspace.workspace import Workspace
from promptops.lint.subject import PromptFacts
from promptops.model.finding import Edit
from promptops.model.place import Place


def rename_input(workspace: Workspace, path: str, old: str, new: str) -> tuple[Edit, ...]:
    """The edits that rename an input of the prompt file `path`, sorted by place.

    Nothing is written. After the edits every case of every prompt renders as before.

    Raises:
        UsageError: The new name can't be used, or the input can't be renamed.
        InputError: A file prevents it: it can't be read, or has the name with escapes.
    """
    catalog = workspace.catalog
    family = family_of(catalog, path, old)
    subjects = _subjects_of(catalog, family)
    places = _named_places(catalog, subjects, old)
    refuse_rename(catalog, subjects, places, old, new)
    edits = [Edit(place, new) for place in places]
    edits += _recorded(catalog, family, old, new)
    edits.sort(key=lambda edit: edit.place)
    _prove(workspace, family, edits)
    return tuple(edits)


def _subjects_of(catalog: Catalog, family: Family) -> tuple[PromptFacts, ...]:
    """The facts about each prompt; raises InputError for one that can't be read."""
    for path in family:
        if catalog.loaded(path).prompt is None:
            hint = "fix the file first: `promptops lint` reports where"
            raise InputError("can't be read, and may use the input", where=path, hint=hint)
    return tuple(facts_of(catalog, catalog.loaded(path)) for path in family)


def _named_places(catalog: Catalog, subjects: Iterable[PromptFacts], name: str) -> list[Place]:
    """The places of a name in the files of some prompts, each once, sorted.

    Raises InputError for a name with escapes, which can't be replaced.
    """
    words = Words(catalog.files)
    found: set[Place] = set()
    for subject in subjects:
        for written in {each.place for each in input_places(subject, name)}:
            place = words.name_in(written, name)
            if place is None:
                raise InputError(
                    f"`{name}` is written in a form that can't be replaced",
                    where=str(written),
                    hint="write it without escapes",
                )
            found.add(place)
    return sorted(found)


def _recorded(catalog: Catalog, family: Family, old: str, new: str) -> list[Edit]:
    """The name in the recordings of `evaluation.retrieve`."""
    files = [file for path in family for file in catalog.recording_files(path)]
    names = {recorded_as(old): recorded_as(new)}
    return [each.edit for each in recorded_judge_edits(catalog, files, names)]


def _prove(workspace: Workspace, family: Family, edits: Sequence[Edit]) -> None:
    """Raise InputError if a prompt would render differently."""
    before = workspace.catalog
    after = with_changes(workspace, edited_contents(before, edits)).catalog
    for path in family:
        if request_digests(before, path) != request_digests(after, path):
            hint = "rename the input by hand, and run `promptops test`"
            raise InputError(
                "the rename would change what this prompt sends", where=path, hint=hint
            )
