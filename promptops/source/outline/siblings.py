"""The keys of the mapping that a position is in, before it and after it."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.source.outline.block import KEY, BlockWalk
from promptops.source.outline.flow import FlowWalk
from promptops.source.outline.walk import QUOTED, QUOTED_STYLES, Frame, Spot
from promptops.source.scalars import unescaped


def siblings(walk: BlockWalk, spot: Spot) -> dict[str, str]:
    """The keys around the spot where a walk stopped, without the key of the spot itself.

    With the text of each value before the spot that is a scalar on one line and, in brackets,
    after the spot; else "".
    """
    if spot.part == "value" and spot.mapping is not None:
        return _later_keys(walk, spot, _column(walk.text, spot.start))
    around = next((frame for frame in reversed(walk.frames) if frame.kind == "map"), None)
    if around is None:
        return {}
    key = around.key
    found = (
        _bracketed(walk, spot, around) if around.flow else _later_keys(walk, spot, around.indent)
    )
    others = {**found, **around.entries}
    others.pop(key, None)
    return others


def _column(text: str, offset: int) -> int:
    return offset - text.rfind("\n", 0, offset) - 1


def _later_keys(walk: BlockWalk, spot: Spot, indent: int) -> dict[str, str]:
    """The keys with an indentation in the lines after the spot, up to a line that has less."""
    return {
        unescaped(key.strip("\"'"), QUOTED_STYLES.get(key[0], "plain")): ""
        for key in _keys_below(walk, walk.end_of_line(max(spot.end, walk.limit)) + 1, indent)
    }


def _keys_below(walk: BlockWalk, line: int, indent: int) -> Iterator[str]:
    text = walk.text
    while line < len(text):
        content = line + walk.width(line)
        character = text[content : content + 1]
        if character not in ("", "\n", "#") and content - line <= indent:
            key = KEY.match(text, content) if content - line == indent else None
            if key:
                yield key[1]
            elif character != "-" or content - line < indent:
                return
        line = walk.end_of_line(content) + 1


def _bracketed(walk: BlockWalk, spot: Spot, around: Frame) -> dict[str, str]:
    """The entries of a mapping in brackets, up to its end."""
    rest = FlowWalk(walk.text, len(walk.text) + 1)
    rest.frames = walk.frames[:]
    if walk.top.expects in ("key", "value"):
        walk.top.expects = "colon" if spot.part == "key" else ""
    at = spot.end + (walk.text[spot.end : spot.end + 1] in QUOTED)
    while at < len(walk.text) and around in rest.frames and not rest.begins_entry(at):
        after = rest.token(at)
        at = len(walk.text) if isinstance(after, Spot) else after
    return around.entries
