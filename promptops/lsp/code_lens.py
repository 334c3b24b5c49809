"""Code lenses: what uses a file, which cases are stale, and commands on cases."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from promptops.jobs.live.cases import CaseState, case_states
from promptops.lsp import preview, running
from promptops.lsp.names import readable_places
from promptops.lsp.open_file import OpenFile
from promptops.model.place import Place
from promptops.plurals import counted

OPTIONS = types.CodeLensOptions(resolve_provider=False)


def code_lenses(file: OpenFile, _params: types.CodeLensParams) -> list[types.CodeLens]:
    """On the first line what the file is to others; on each case what can be done with it."""
    loaded = file.live.readable(file.path)
    prompt = loaded.prompt if loaded is not None else None
    if prompt is None:
        return list(_users(file))
    states = tuple(case_states(file.live.catalog, prompt))
    return [*_summary(file, states), *_users(file), *_of_cases(file, states)]


def _summary(file: OpenFile, states: tuple[CaseState, ...]) -> Iterator[types.CodeLens]:
    stale = sum(state.stale for state in states)
    title = counted(len(states), "case") + (f", {stale} stale" if stale else "")
    yield _lens(file, Place(file.path), types.Command(title=title, command=""))


def _users(file: OpenFile) -> Iterator[types.CodeLens]:
    catalog = file.live.catalog
    if not file.live.manages(file.path) or file.path == catalog.config.path:
        return
    users = sum(1 for _ in catalog.dependent_prompts(file.path))
    if users:
        title = f"used by {counted(users, 'prompt')}"
        yield _lens(file, Place(file.path), types.Command(title=title, command=""))


def _of_cases(file: OpenFile, states: tuple[CaseState, ...]) -> Iterator[types.CodeLens]:
    current = readable_places(file)
    for state in states:
        place = current(state.place)
        if place is not None and place.path == file.path:
            argument = {"uri": file.uri, "case": state.name}
            yield _command(file, place, "render", preview.COMMAND, argument)
            if not state.stale and file.trusted:
                yield _command(file, place, "run (recorded)", running.COMMAND, argument)


def _command(
    file: OpenFile, place: Place, title: str, command: str, argument: dict[str, str]
) -> types.CodeLens:
    return _lens(file, place, types.Command(title=title, command=command, arguments=[argument]))


def _lens(file: OpenFile, place: Place, command: types.Command) -> types.CodeLens:
    start = file.range_of(place).start
    return types.CodeLens(range=types.Range(start=start, end=start), command=command)
