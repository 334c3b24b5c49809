"""For a person at a terminal: the written files, and their digest."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.counting import counted
from promptops.model.publication import Publication
from promptops.report.parts.visible import visible, visible_path


def write(done: Publication, **_: object) -> str:
    """One line each."""
    return "".join(f"{line}\n" for line in _lines(done))


def _lines(done: Publication) -> Iterator[str]:
    yield from map(visible_path, done.files)
    if done.built is not None:
        name = visible(done.built.release or done.built.commit[:12])
        yield f"{name}, {counted(done.built.prompts, 'prompt')}, sha256:{done.built.bundle}"
    if done.channels:
        yield f"channels that now serve another release: {visible(', '.join(done.channels))}"
    elif done.built is None:
        yield "no channel changed"
    yield from (f"note: {visible(note)}" for note in done.notes)
