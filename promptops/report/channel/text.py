"""For a person at a terminal: breaking changes, the result, and the next command."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.counting import and_more
from promptops.model.channel import Move
from promptops.model.report import Style, plain
from promptops.report.parts.visible import visible, visible_path

_SHOWN = 20
"""Breaking changes listed; the others are counted."""


def write(move: Move, *, style: Style = plain, **_: object) -> str:
    """One line each; if nothing had to be done, one line that reports it."""
    return "".join(f"{line}\n" for line in _lines(move, style))


def _lines(move: Move, style: Style) -> Iterator[str]:
    channel = style("path", visible_path(move.channel))
    yield from _breaks(move, style)
    if move.refusals:
        for refusal in move.refusals:
            yield f"{style('error', 'refused')}: {visible(refusal)}"
        if move.breaks and move.kind == "promote":
            yield f"  {style('hint', 'tip')}: if all callers are ready for it: --allow-breaking"
        if move.kind == "rollback":
            yield f"  {style('hint', 'tip')}: {_other_ways(move)}"
        return
    if not move.changed:
        yield f"{channel} already serves {visible(move.release)}, serial {move.serial}"
        return
    yield f"{channel}: {_was(move)} -> {visible(move.release)}, serial {move.serial}"
    if move.skipped:
        skipped = ", ".join(map(visible, move.skipped))
        yield f"{style('note', 'note')}: skips {skipped}, which was rolled back before"
    if move.commit is not None:
        yield f"committed {move.commit[:12]}"
    for each in move.notes:
        yield f"{style('note', 'note')}: {visible(each)}"
    for each in move.following:
        yield f"{style('hint', 'next')}: {visible(each)}"


def _other_ways(move: Move) -> str:
    another = "choose another release: --to RELEASE"
    return f"{another}; or accept it as it is: --allow-unsigned" if move.unsigned else another


def _was(move: Move) -> str:
    return visible(move.before) if move.before is not None else "nothing"


def _breaks(move: Move, style: Style) -> Iterator[str]:
    if move.breaks is None:
        yield f"{style('note', 'note')}: breaking changes are unknown: a release is missing here"
        return
    for each in move.breaks[:_SHOWN]:
        code = style("code", f"[{visible(each.change.code)}]")
        who = style("path", visible_path(each.prompt))
        yield f"{who}: {style('error', 'breaks')}: {visible(each.change.message)}  {code}"
    if len(move.breaks) > _SHOWN:
        yield and_more(len(move.breaks) - _SHOWN)
