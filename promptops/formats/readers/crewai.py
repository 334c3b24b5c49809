"""Agents and tasks of CrewAI in YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.formats.document import Loss, SourceDocument
from promptops.formats.plain_texts import identity, parts_message, stem_steps, translated
from promptops.formats.prompts_in_code import crew_message
from promptops.formats.source_file import ReadOptions, SourceFile, other_format
from promptops.formats.translation import InputNames
from promptops.json_pointer import escaped

NAME = "crewai"
MARKS = "YAML of agents with `role`, `goal`, `backstory`, or of tasks with `expected_output`"
RANK = 110

_OF_AGENT = ("role", "goal", "backstory")
_OF_TASK = ("description", "expected_output")


def recognises(file: SourceFile) -> bool:
    """Whether each value of the mapping is an agent or a task."""
    if file.suffix not in (".yaml", ".yml"):
        return False
    value = file.document.value
    return isinstance(value, Mapping) and bool(value) and all(map(_keys, value.values()))


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """A prompt for each agent: its system message; for each task: its user message."""
    value = file.document.value
    if not isinstance(value, Mapping):
        yield other_format(file, NAME, MARKS)
        return
    for key, item in value.items():
        if _keys(item):
            yield _document(file, options, str(key), _keys(item))


def _document(
    file: SourceFile, options: ReadOptions, key: str, used: tuple[str, ...]
) -> SourceDocument:
    names = InputNames()
    pointer = f"/{escaped(key)}"
    found = {
        one: translated(file.document.template(f"{pointer}/{one}"), options, names, "single")
        for one in used
    }
    role, parts = crew_message({one: read.parts for one, read in found.items()})
    return SourceDocument(
        id=identity(*stem_steps(file.path), key.replace("_", "-")),
        format=NAME,
        place=file.document.place(pointer, True),
        messages=(parts_message(role, parts),),
        aliases=names.aliases,
        samples=options.samples,
        losses=tuple(loss for read in found.values() for loss in read.losses),
    )


def _keys(value: Any) -> tuple[str, ...]:
    """The keys with the texts of an agent or a task; () for anything else."""
    if not isinstance(value, Mapping):
        return ()
    for keys in (_OF_AGENT, _OF_TASK):
        if all(isinstance(value.get(key), str) for key in keys):
            return keys
    return ()
