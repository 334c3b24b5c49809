"""The report of `promote` and `rollback` for people: breaking changes, the result, what is next."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.report import Style, plain
from promptops.model.shipping import Move
from promptops.plurals import and_more
from promptops.report.visible import visible, visible_path

_SHOWN = 20
"""The number of breaking changes listed; the others are counted."""


def write_text(move: Move, *, style: Style = plain, **_: object) -> str:
    """One line for each fact, or one line if the channel already serves the release."""
    return "".join(f"{line}\n" for line in _lines(move, style))


def _lines(move: Move, style: Style) -> Iterator[str]:
    channel = visible_path(move.channel)
    yield from _breaks(move, style)
    if move.refusals:
        for refusal in move.refusals:
            yield f"{style('error', 'refused')}: {visible(refusal)}"
        if move.breaks and move.kind == "promote":
            yield f"  {style('hint', 'tip')}: if all callers are ready for it: --allow-breaking"
        if move.kind == "rollback":
            yield f"  {style('hint', 'tip')}: {_alternatives(move)}"
        return
    if not move.changed:
        served = f"{channel} already serves {visible(move.release)}, serial {move.serial}"
        yield style("summary", served)
        yield from _notes(move, style)
        return
    after = f"{_previous_release(move)} -> {visible(move.release)}, serial {move.serial}"
    yield style("summary", f"{channel}: {after}")
    if move.skipped:
        skipped = ", ".join(map(visible, move.skipped))
        yield f"{style('note', 'note')}: skips {skipped}, which was rolled back before"
    if move.commit is not None:
        yield f"committed {move.commit[:12]}"
    yield from _notes(move, style)
    for command in move.next:
        yield f"{style('hint', 'next')}: {visible(command)}"


def _notes(move: Move, style: Style) -> Iterator[str]:
    for note in move.notes:
        yield f"{style('note', 'note')}: {visible(note)}"


def _alternatives(move: Move) -> str:
    another = "choose another release: --release TAG"
    return f"{another}; or accept it as it is: --allow-unsigned" if move.unsigned else another


def _previous_release(move: Move) -> str:
    return visible(move.before) if move.before is not None else "nothing"


def _breaks(move: Move, style: Style) -> Iterator[str]:
    if move.breaks is None:
        yield f"{style('note', 'note')}: breaking changes are unknown: a release is missing here"
        return
    for broken in move.breaks[:_SHOWN]:
        code = style("code", f"[{visible(broken.change.code)}]")
        who = style("path", visible_path(broken.prompt))
        yield f"{who}: {style('error', 'breaks')}: {visible(broken.change.message)}  {code}"
    if len(move.breaks) > _SHOWN:
        yield and_more(len(move.breaks) - _SHOWN)
