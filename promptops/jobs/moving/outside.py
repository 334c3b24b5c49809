"""Names of moved files outside of the catalog: the configuration, code owners, the baseline."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from promptops.catalog.config_places import toml_places
from promptops.jobs.lint.baseline import baseline_data, baseline_path
from promptops.jobs.moving.reference_edits import text_at
from promptops.jobs.workspace.workspace import Workspace
from promptops.lint.engine import matches
from promptops.model.moving import ManualEdit, MoveEdit
from promptops.model.place import Place
from promptops.plurals import counted

CODE_OWNERS = ("CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")


def config_edits(
    workspace: Workspace, moves: Mapping[str, str], ids: Mapping[str, str]
) -> Iterator[MoveEdit]:
    """Paths of `lint.per-file-ignores` and ids of `score.alerts` that name one moved file."""
    places = toml_places(workspace.catalog)
    if places is None:
        return
    names = [
        ("/lint/per-file-ignores", pattern, moves[pattern])
        for pattern in workspace.config.lint.per_file_ignores
        if pattern in moves
    ]
    names += [
        (f"/score/alerts/{index}/prompts", name, ids[name])
        for index, alert in enumerate(workspace.config.score.alerts)
        for name in alert.prompts
        if name in ids
    ]
    for pointer, old, new in names:
        place = places.word(pointer, old)
        if place is not None:
            before = text_at(places.text, place)
            after = before.replace(old, new)
            yield MoveEdit(kind="config", place=place, before=before, after=after)


def manual_edits(
    workspace: Workspace, moves: Mapping[str, str], ids: Mapping[str, str]
) -> Iterator[ManualEdit]:
    """Patterns that match a file only before the move, and accepted findings of moved files."""
    yield from _lost_patterns(workspace, moves, ids)
    for path in CODE_OWNERS:
        text = workspace.catalog.files.text(path)
        if text is not None:
            yield from _lost_owners(path, text.value, moves)
    yield from _baseline(workspace, moves)


def _lost_patterns(
    workspace: Workspace, moves: Mapping[str, str], ids: Mapping[str, str]
) -> Iterator[ManualEdit]:
    config, places = workspace.config, toml_places(workspace.catalog)
    if places is None:
        return
    for pattern in config.lint.per_file_ignores:
        lost = _lost(pattern, moves)
        if pattern not in moves and lost:
            place = places.word("/lint/per-file-ignores", pattern)
            yield _lost_match(place or Place(config.path or ""), pattern, lost)
    for index, alert in enumerate(config.score.alerts):
        for pattern in alert.prompts:
            lost = _lost(pattern, ids)
            if pattern not in ids and lost:
                place = places.word(f"/score/alerts/{index}/prompts", pattern)
                yield _lost_match(place or Place(config.path or ""), pattern, lost)


def _lost(pattern: str, names: Mapping[str, str]) -> str:
    """The first new name that does not match although its old name did; or ""."""
    for old, new in names.items():
        if matches(old, pattern) and not matches(new, pattern):
            return new
    return ""


def _lost_match(place: Place, pattern: str, name: str) -> ManualEdit:
    return ManualEdit(place=place, message=f"`{pattern}` does not match the new name `{name}`")


def _lost_owners(path: str, text: str, moves: Mapping[str, str]) -> Iterator[ManualEdit]:
    for number, line in enumerate(text.split("\n"), 1):
        pattern, *_ = line.split(maxsplit=1) or [""]
        if not pattern or pattern.startswith(("#", "[")):
            continue
        lost = next((new for old, new in moves.items() if _owns_only(pattern, old, new)), None)
        if lost is not None:
            start = line.index(pattern)
            place = Place(path, number, start + 1, number, start + len(pattern) + 1)
            yield _lost_match(place, pattern, lost)


def _owns_only(pattern: str, old: str, new: str) -> bool:
    return _owns(pattern, old) and not _owns(pattern, new)


def _owns(pattern: str, path: str) -> bool:
    """Whether a pattern of CODEOWNERS matches, as in .gitignore."""
    inner = pattern.strip("/")
    anchored = "/" in pattern.rstrip("/")
    globs = [inner, f"{inner}/**"] if not pattern.endswith("/") else [f"{inner}/**"]
    globs += [] if anchored else [f"**/{glob}" for glob in globs]
    return any(matches(path, glob) for glob in globs)


def _baseline(workspace: Workspace, moves: Mapping[str, str]) -> Iterator[ManualEdit]:
    data = baseline_data(workspace, workspace.revision)
    try:
        entries = json.loads(data)["findings"] if data is not None else []
        number = sum(1 for entry in entries if entry["path"] in moves)
    except (ValueError, KeyError, TypeError, RecursionError):
        return  # `promptops lint` reports it
    if number:
        accepted = counted(number, "accepted finding")
        message = f"has {accepted} of moved files: rewrite it: `promptops lint --write-baseline`"
        yield ManualEdit(place=Place(baseline_path(workspace)), message=message)
