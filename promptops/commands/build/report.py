"""The report of `build` for people: the written files, and their digest."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.publication import Publication
from promptops.plurals import counted
from promptops.report.visible import visible, visible_path


def write_text(done: Publication, **_: object) -> str:
    """One line for each written file, then the channels that changed."""
    return "".join(f"{line}\n" for line in _lines(done))


def _lines(done: Publication) -> Iterator[str]:
    yield from map(visible_path, done.files)
    if done.built is not None:
        name = visible(done.built.release or done.built.commit[:12])
        yield f"{name}, {counted(done.built.prompts, 'prompt')}, sha256:{done.built.bundle_sha256}"
    if done.channels:
        yield f"channels that now serve another release: {visible(', '.join(done.channels))}"
    elif done.built is None:
        yield "no channel changed"
    yield from (f"note: {visible(note)}" for note in done.notes)
