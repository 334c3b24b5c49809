"""Messages as blocks: a line with the role, and the text as written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.patterns import lazy_pattern
from promptops.report.parts.visible import escaped
from promptops.report.prompt_text.facts import Block, fact, facts, facts_of, rule, shown, small_rule

_LIKE_A_RULE = lazy_pattern(r"(==|--) .* \1")
_MEDIA = ("image", "audio", "document")


def message_blocks(value: Any) -> Iterator[Block]:
    """A block for each message, in order."""
    if not isinstance(value, list):
        yield tuple(facts("messages", value))
        return
    for turn in value:
        yield from _turn(turn)


def _turn(turn: Any) -> Iterator[Block]:
    if not isinstance(turn, dict):
        yield rule("message"), *fact("message", turn)
    elif isinstance(turn.get("for_each"), str) and isinstance(turn.get("messages"), list):
        yield from _repeated(dict(turn))
    elif isinstance(turn.get("history"), str):
        yield tuple(_history(dict(turn)))
    else:
        yield tuple(_message(dict(turn)))


def _repeated(rest: dict[str, Any]) -> Iterator[Block]:
    messages, source = rest.pop("messages"), rest.pop("for_each")
    name = f"{_text(rest, 'as') or 'item'} in {source}"
    yield rule(f"for each {name}"), *facts_of(rest)
    for message in messages:
        yield from _turn(message)
    yield (rule(f"end of for each {name}"),)


def _history(rest: dict[str, Any]) -> Iterator[str]:
    words = f"history {rest.pop('history')}"
    if "last" in rest:
        words += f", last {shown(rest.pop('last'))}"
    yield rule(words)
    yield from facts_of(rest)


def _message(rest: dict[str, Any]) -> Iterator[str]:
    content, calls = rest.pop("content", ""), rest.pop("tool_calls", [])
    words = [_text(rest, "role") or "message"]
    if isinstance(rest.get("cache"), bool) and rest.pop("cache"):
        words.append("cached")
    words += _named(rest, (("name", "named "), ("tool_call_id", "answers "), ("when", "when ")))
    yield rule(", ".join(words))
    yield from facts_of(rest)
    yield from _content(content)
    yield from _calls(calls)


def _content(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield from _lines(content)
    elif isinstance(content, list):
        for part in content:
            yield from _part(part)
    elif isinstance(content, dict) and content.keys() == {"file"}:
        yield small_rule(f"file {shown(content['file'])}")
    else:
        yield from facts("content", content)


def _part(part: Any) -> Iterator[str]:
    if not isinstance(part, dict):
        yield from fact("part", part)
        return
    rest = dict(part)
    text = _text(rest, "text")
    words = [_media(rest) if text is None else "text"]
    words += _named(rest, (("detail", "detail "), ("title", "title "), ("when", "when ")))
    yield small_rule(", ".join(words))
    yield from facts_of(rest)
    yield from _lines(text or "")


def _media(rest: dict[str, Any]) -> str:
    """A part, such as `image input photo`."""
    for kind in _MEDIA:
        value = rest.get(kind)
        if isinstance(value, dict) and len(value) == 1:
            ((origin, name),) = rest.pop(kind).items()
            return f"{kind} {origin} {shown(name)}"
    return "part"


def _calls(calls: Any) -> Iterator[str]:
    if not isinstance(calls, list):
        yield from facts("tool_calls", calls)
        return
    for call in calls:
        rest = dict(call) if isinstance(call, dict) else {"call": call}
        words = _named(rest, (("name", ""), ("id", "id ")))
        yield small_rule(f"calls {', '.join(words)}".strip())
        yield from facts_of(rest)


def _lines(text: str) -> Iterator[str]:
    """The text of a message without trailing newlines, which no request has.

    A line that looks like a heading of this format is marked, so that text can't forge one.
    """
    text = text.rstrip("\n")
    for line in text.split("\n") if text else ():
        yield escaped(line[0]) + line[1:] if _LIKE_A_RULE.fullmatch(line) else line


def _named(rest: dict[str, Any], keys: tuple[tuple[str, str], ...]) -> list[str]:
    found = ((before, _text(rest, key)) for key, before in keys)
    return [f"{before}{text}" for before, text in found if text is not None]


def _text(rest: dict[str, Any], key: str) -> str | None:
    return rest.pop(key) if isinstance(rest.get(key), str) else None
