"""The recordings of a prompt at one revision, and inputs of cases that they contain."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from promptops.catalog.files import Files
from promptops.model.answer import Recording
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.plurals import plural, series
from promptops.records import replace
from promptops.runtime.request.canonical import canonical_json
from promptops.runtime.template.data import MAX_EXACT_INTEGER
from promptops.source.lines import UNMERGED_HINT
from promptops.source.recordings import ReadRecordings, read_files

if TYPE_CHECKING:
    from promptops.catalog.catalog import Catalog


def recordings_in(catalog: Catalog, path: str) -> ReadRecordings:
    """The recordings of a prompt file, next to it; reads them each time."""
    return recordings_at(catalog.files, catalog.recordings_of(path))


def recordings_at(tree: Files, first: str) -> ReadRecordings:
    """The recordings in all files that begin with `first`; reads them each time.

    A file that can't be read is a problem, and does not hide answers in other files.
    """
    files = tree.recordings(first)
    tree.prefetch(files)
    contents = {file: tree.data(file) for file in files}
    found = read_files({file: data for file, data in contents.items() if data is not None})
    unread = _not_read(tree, (file for file in files if contents[file] is None))
    return replace(found, problems=(*found.problems, *unread))


def _not_read(tree: Files, paths: Iterable[str]) -> Iterator[Problem]:
    for path in paths:
        reason = _NOT_A_FILE.get(tree.entries[path].kind)
        if reason is not None:
            message, hint = reason
            yield Problem(message, at=Place(path), hint=hint, code="SCH001")


_NOT_A_FILE = {
    "symlink": ("recordings that are a symbolic link", "commit the file itself"),
    "submodule": ("recordings that are a submodule", "commit the file itself"),
    "unmerged": ("recordings with an unresolved merge conflict", UNMERGED_HINT),
}


# Inputs of test cases that `evaluation.retrieve` returned, from the recordings of the prompt.

_JUDGE_PREFIX = "retrieve "
_MAX_SHOWN_NAMES = 3


def recorded_as(name: str) -> str:
    """The judge of the recordings of an input; ids of prompts contain no space."""
    return f"{_JUDGE_PREFIX}{name}"


def retrieved_name(judge: str) -> str | None:
    """The inverse: the input that a recording contains; None for an answer of a model."""
    return judge.removeprefix(_JUDGE_PREFIX) if judge.startswith(_JUDGE_PREFIX) else None


def functions_of(prompt: Prompt) -> Mapping[str, str]:
    """From each retrieved input to its function, `FILE:FUNCTION`, as written."""
    return prompt.evaluation.get("retrieve") or {}


def call_digest(function: str, inputs: Mapping[str, Any]) -> str:
    """The key of a recorded call, in place of the digest of a request.

    Raises ValueError and RecursionError for inputs that are not JSON.
    """
    return sha256(canonical_json(["retrieve", function, dict(inputs)]).encode()).hexdigest()


def wanted_inputs(prompt: Prompt, case: Case) -> Iterator[tuple[str, str]]:
    """The inputs that a case does not give itself, each with its function."""
    return (each for each in functions_of(prompt).items() if each[0] not in case.own_inputs)


def with_recorded_inputs(prompt: Prompt, recordings: Iterable[Recording]) -> Prompt:
    """The prompt whose cases have the recorded inputs."""
    known = {
        (recording.judge, recording.request): recording.answer.text
        for recording in recordings
        if retrieved_name(recording.judge) is not None
    }
    return replace(prompt, cases=tuple(_filled(prompt, case, known) for case in prompt.cases))


def _filled(prompt: Prompt, case: Case, known: Mapping[tuple[str, str], str]) -> Case:
    values: dict[str, Any] = {}
    missing: list[str] = []
    for name, function in wanted_inputs(prompt, case):
        try:
            digest = call_digest(function, case.own_inputs)
            values[name] = recorded_value(known[recorded_as(name), digest])
        except (KeyError, ValueError, RecursionError):
            missing.append(name)
    return with_inputs(replace(case, unrecorded=tuple(missing)), values)


def recorded_value(text: str) -> Any:
    """The value in a recording; raises ValueError and RecursionError for a damaged one."""
    value = json.loads(text)
    if not is_plain(value):
        raise ValueError("not JSON data, or too much of it")
    return value


def with_inputs(case: Case, values: Mapping[str, Any]) -> Case:
    """The case with more retrieved inputs."""
    return replace(
        case,
        inputs={**case.inputs, **values},
        retrieved=tuple(dict.fromkeys((*case.retrieved, *values))),
        unrecorded=tuple(name for name in case.unrecorded if name not in values),
    )


def unrecorded_reason(case: Case) -> str:
    """Why a case without recordings of its retrieved inputs can't be rendered."""
    names = series([f"`{name}`" for name in case.unrecorded], "and", _MAX_SHOWN_NAMES)
    number = len(case.unrecorded)
    verb = "is" if number == 1 else "are"
    return f"the retrieved {plural(number, 'input')} {names} {verb} not recorded"


# Whether a value is JSON data that every program can read, and not too much of it.

MAX_VALUE_DEPTH = 50
MAX_VALUE_ITEMS = 20_000
"""Items in one value; a list that appears in many places counts each time."""


def is_plain(value: Any) -> bool:
    """Whether it is JSON data of the standard types, with numbers that every program can read."""
    nodes, level = 0, [value]
    for _depth in range(MAX_VALUE_DEPTH + 1):
        nodes += len(level)
        inner = _inside(level) if nodes <= MAX_VALUE_ITEMS else None
        if not inner:
            return inner is not None
        level = inner
    return False


def _inside(level: list[Any]) -> list[Any] | None:
    """The items of the lists and objects among some values; None if a value is not plain."""
    inner: list[Any] = []
    for item in level:
        kind = type(item)
        if kind is str:
            if not (item.isascii() or _is_unicode(item)):
                return None
        elif kind is dict or kind is list:
            if kind is dict and not _has_plain_names(item):
                return None
            inner.extend(item if kind is list else item.values())
            if len(inner) > MAX_VALUE_ITEMS:  # a list that contains another one many times
                return None
        elif not _is_scalar(kind, item):
            return None
    return inner


def _has_plain_names(value: dict[Any, Any]) -> bool:
    return set(map(type, value)) <= _ONLY_STRINGS and _is_unicode("".join(value))


_ONLY_STRINGS = frozenset((str,))


def _is_scalar(kind: type, value: Any) -> bool:
    if kind is int or kind is float:
        return bool(-MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER)
    return kind is bool or value is None


def _is_unicode(text: str) -> bool:
    """Whether it contains no half of a surrogate pair."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False
