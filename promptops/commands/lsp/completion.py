"""Completion: what can be typed at a position, also where the file can't be parsed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from lsprotocol import types
from lsprotocol.types import CompletionItemKind as Kind

from promptops.commands.lsp.cursor import Here
from promptops.commands.lsp.documents import OpenFile, split_lines, with_lf
from promptops.commands.lsp.offers import (
    Offer,
    Offers,
    assertion_offers,
    comment_offers,
    csv_offers,
    expression_offers,
    key_offers,
    model_offers,
    offers_of,
    profile_offers,
    provider_offers,
    value_offers,
)
from promptops.commands.lsp.prompt_schema import (
    CONFIG,
    Key,
    Schema,
    keys_at,
    schemas_at,
    types_of,
    values_of,
)
from promptops.commands.lsp.scope import Typed, in_expression, in_template
from promptops.json_pointer import escaped, tokens
from promptops.lint.registry import ALL
from promptops.patterns import lazy_pattern
from promptops.records import field, record, replace
from promptops.source.config import OWN_FILE
from promptops.source.lines import Lines
from promptops.source.toml_places import Statement, starts_a_statement, statements
from promptops.source.yaml_cursor import Cursor
from promptops.workspace.rule_settings import available_rules

OPTIONS = types.CompletionOptions(
    trigger_characters=["{", "|", ".", ":", " ", '"', "'", "/", "[", "%"]
)

MOST_ITEMS = 1_000
"""More offers than these are sent as they match what is typed; the editor requests them again."""


def completion(file: OpenFile, params: types.CompletionParams) -> types.CompletionList:
    """What can be typed at a position; nothing in the text of a message outside of tags."""
    here = Here(file, params.position)
    found = _offers_at(here)
    once = {offer.label: offer for offer in reversed(found.offers)}
    offers = list(reversed(once.values()))
    if len(offers) > MOST_ITEMS:
        typed = here.lines[here.line - 1][found.start - 1 : here.column - 1].lower()
        offers = [offer for offer in offers if typed in offer.label.lower()]
    edited = here.range(found.start, found.end)
    items = [_item(offer, index, edited) for index, offer in enumerate(offers[:MOST_ITEMS])]
    return types.CompletionList(is_incomplete=len(once) > MOST_ITEMS, items=items)


def _offers_at(here: Here) -> Offers:
    """The offers at a position, and what they replace."""
    if here.file.path == OWN_FILE and len(here.file.text) <= MOST_CONFIG_CHARACTERS:
        return config_offers(here.file, here.line, here.column)
    if here.is_csv:
        return csv_offers(here)
    return _none(here) if here.is_other else _in_prompt(here)


def _in_prompt(here: Here) -> Offers:
    """In a prompt, its cases or a partial."""
    cursor = here.cursor
    if cursor.part == "comment":
        return _in_comment(here, cursor.typed)
    if here.in_template:
        return _in_tag(here, in_template(cursor.typed))
    if here.in_when or here.in_assertion_expression:
        return _in_expression(here, in_expression(cursor.typed))
    return _in_yaml(here)


def _in_expression(here: Here, typed: Typed) -> Offers:
    offers = expression_offers if here.in_when else assertion_offers
    return _replacing_word(here, offers(here, typed), len(typed.word))


def _in_yaml(here: Here) -> Offers:
    if here.cursor.in_block or not here.cursor.part:
        return _none(here)
    offers: list[Offer] = []
    if here.mapping is not None:
        offers += key_offers(here, here.mapping)
    if here.cursor.part == "value":
        offers += value_offers(here)
    before, after = here.cursor.offset - here.cursor.start, here.cursor.end - here.cursor.offset
    if before >= here.column:  # the value began in a line above
        return _none(here)
    return Offers(start=here.column - before, end=here.column + after, offers=tuple(offers))


def _in_tag(here: Here, typed: Typed | None) -> Offers:
    if typed is None:
        return _none(here)
    if typed.kind == "comment":
        return _in_comment(here, typed.word)
    offers = expression_offers(here, typed)
    if typed.kind != "path":
        return _replacing_word(here, offers, len(typed.word))
    _, _, end = here.path()
    return Offers(start=here.column - len(typed.word), end=end, offers=tuple(offers))


def _in_comment(here: Here, comment: str) -> Offers:
    word, offers = comment_offers(comment)
    return _replacing_word(here, offers, len(word))


def _replacing_word(here: Here, offers: list[Offer], typed: int) -> Offers:
    """Offers that replace the name around the position, of which so much is typed."""
    _, _, end = here.word()
    return Offers(start=here.column - typed, end=end, offers=tuple(offers))


def _none(here: Here) -> Offers:
    return Offers(start=here.column, end=here.column, offers=())


def _item(offer: Offer, index: int, edited: types.Range) -> types.CompletionItem:
    text = offer.label if offer.text is None else offer.text
    about = types.MarkupContent(kind=types.MarkupKind.PlainText, value=offer.about)
    return types.CompletionItem(
        label=offer.label,
        kind=offer.kind,
        detail=offer.detail or None,
        documentation=about if offer.about else None,
        sort_text=f"{offer.rank}{index:04}",
        filter_text=offer.label,
        text_edit=types.TextEdit(range=edited, new_text=text),
    )


# Offers in the configuration file: keys, headers of tables, and values.

MOST_CONFIG_CHARACTERS = 64 * 1024
"""A larger configuration file gets no offers."""

_BARE_KEY = lazy_pattern(r"[A-Za-z0-9_-]+")
_TO_NEXT_STATEMENT = lazy_pattern(r"[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*(?:\[|\Z)")


@record(frozen=True, slots=True, kw_only=True)
class ConfigPosition:
    """A position in the configuration file.

    Attributes:
        text: With LF newlines.
        line: 1-based.
        before, after: Of the line of the position: up to what is typed, and after its word.
    """

    file: OpenFile
    text: str
    line: int
    cursor: Cursor
    before: str
    after: str


def config_offers(file: OpenFile, line: int, column: int) -> Offers:
    """What can be typed at a position, and what it replaces; line and column are 1-based."""
    text = with_lf(file.text)
    cursor = toml_cursor_at(text, line, column)
    own = split_lines(file.text)[line - 1]
    start, end = column - len(cursor.typed), column + cursor.end - cursor.offset
    here = ConfigPosition(
        file=file,
        text=text,
        line=line,
        cursor=cursor,
        before=own[: start - 1],
        after=own[end - 1 :],
    )
    found = _CONFIG_OFFERS[cursor.part](here) if cursor.part in _CONFIG_OFFERS else []
    return Offers(start=start, end=end, offers=tuple(found))


def _keys(here: ConfigPosition) -> list[Offer]:
    mapping = here.cursor.mapping or ""
    present = here.cursor.siblings
    if mapping == "/lint/severity":
        keys = [replace(each, text=_key_text(here, each.label)) for each in _rules(here)]
    else:
        found = keys_at(mapping, present, CONFIG).values()
        keys = [
            replace(_key_offer(key), text=_key_text(here, key.name, key.schemas)) for key in found
        ]
    return [each for each in keys if each.label not in present]


def _key_offer(key: Key) -> Offer:
    detail = f"{key.kind}, required" if key.required else key.kind
    rank = 2 if key.required else 3
    return Offer(
        label=key.name, kind=Kind.Property, detail=detail, about=key.description, rank=rank
    )


def _key_text(here: ConfigPosition, name: str, schemas: tuple[Schema, ...] = ()) -> str:
    """The key as it is written, with what follows it unless that is there."""
    if here.cursor.style != "plain" or here.after.lstrip(" \t").startswith(("=", ".")):
        return name
    written = name if _BARE_KEY.fullmatch(name) else json.dumps(name)
    if types_of(schemas) != ("object",) or here.cursor.in_brackets:
        return f"{written} = "
    rest = here.text[here.cursor.end :]
    if here.before.strip() or here.cursor.mapping or not _TO_NEXT_STATEMENT.match(f"{rest}\n"):
        return f"{written}."  # a header would take the keys below it
    return f"[{written}." if _of_named_tables(schemas) else f"[{written}]"


def _headers(here: ConfigPosition) -> list[Offer]:
    arrays_only = here.cursor.in_brackets
    closing = len(here.after) - len(here.after.lstrip("]"))
    present = keys_by_table(here.text, here.line)
    return [
        replace(_key_offer(key), label=name, text=_header(key, name, arrays_only, closing))
        for name, key in _tables(present, "")
        if _is_array(key) or not arrays_only
    ]


def _header(key: Key, name: str, is_opened_twice: bool, closing: int) -> str:
    if _is_array(key):
        opening = "" if is_opened_twice else "["
        return f"{opening}{name}{']' * (2 - closing)}"
    return f"{name}." if _of_named_tables(key.schemas) else f"{name}{']' * (1 - closing)}"


def _tables(present: Mapping[str, Collection[str]], pointer: str) -> Iterator[tuple[str, Key]]:
    """The dotted names of tables and arrays of tables, without the tables in other lines.

    `present` has the names of the keys in other lines by the pointer of their table.
    """
    own = present.get(pointer, ())
    for name, key in keys_at(pointer, (), CONFIG).items():
        below = f"{pointer}/{name}"
        if _is_array(key):
            yield ".".join(tokens(below)), key
        elif types_of(key.schemas) == ("object",):
            is_named = _of_named_tables(key.schemas)
            if name not in own or is_named:
                yield ".".join(tokens(below)), key
            yield from _tables(present, below)
            for named in present.get(below, ()) if is_named else ():
                if _BARE_KEY.fullmatch(named):
                    yield from _tables(present, f"{below}/{escaped(named)}")


def _is_array(key: Key) -> bool:
    items = (each["items"] for each in key.schemas if "items" in each)
    return any("$ref" in each for each in items)


def _of_named_tables(schemas: tuple[Schema, ...]) -> bool:
    """Whether the author names the tables in a table."""
    found = (each.get("additionalProperties") for each in schemas)
    below = [each for each in found if isinstance(each, Mapping)]
    return any(each.get("type") == "object" or "profile" in each.get("$ref", "") for each in below)


def _values(here: ConfigPosition) -> list[Offer]:
    pointer = here.cursor.pointer
    schemas = schemas_at(pointer, CONFIG)
    is_list = types_of(schemas) == ("array",) and not here.cursor.in_brackets
    pointer = f"{pointer}/0" if is_list else pointer
    fitting = (offers for pattern, offers in _CONFIG_VALUES if re.fullmatch(pattern, pointer))
    found = next((offers(here) for offers in fitting), [])
    if not found:
        below = schemas_at(pointer, CONFIG)
        is_boolean = types_of(below) == ("boolean",)
        kind = Kind.Value if is_boolean else Kind.EnumMember
        found = offers_of(values_of(below), kind, rank=3)
    return [replace(each, text=_value_text(here, each, is_list)) for each in found]


def _value_text(here: ConfigPosition, offer: Offer, is_list: bool) -> str:
    """The value as it is written at the position."""
    style, text = here.cursor.style, offer.label
    if style == "double":
        return json.dumps(text, ensure_ascii=False)[1:-1]
    if style == "single":
        return text
    written = text if offer.kind == Kind.Value else json.dumps(text, ensure_ascii=False)
    space = " " if here.before.endswith("=") else ""
    return f"{space}[{written}]" if is_list else f"{space}{written}"


def _rules(here: ConfigPosition) -> list[Offer]:
    settings = here.file.live.catalog.config.lint
    rules = available_rules(settings, untrusted=not here.file.trusted).values()
    return [
        Offer(label=each.code, kind=Kind.Constant, detail=each.name, about=f"{each.summary}.")
        for each in rules
    ]


def _selected_rules(here: ConfigPosition) -> list[Offer]:
    every = Offer(label=ALL, kind=Kind.Constant, about="Every rule that is on by default.")
    return [every, *_rules(here)]


def _metadata(_here: ConfigPosition) -> list[Offer]:
    return [_key_offer(key) for key in keys_at("", ()).values()]


def _prompts(here: ConfigPosition) -> list[Offer]:
    ids = here.file.live.catalog.ids.values()
    return [Offer(label=each, kind=Kind.Reference) for each in ids]


_CONFIG_OFFERS: Mapping[str, Callable[[ConfigPosition], list[Offer]]] = {
    "key": _keys,
    "header": _headers,
    "value": _values,
}

_CONFIG_VALUES: tuple[tuple[str, Callable[[ConfigPosition], list[Offer]]], ...] = (
    (r"/lint/select/\d+", _selected_rules),
    (r"/lint/(?:ignore|extend-select|per-file-ignores/[^/]+)/\d+", _rules),
    (r"/lint/required-metadata/\d+", _metadata),
    (r"/models/[^/]+/provider", lambda _here: provider_offers()),
    (r"/models/[^/]+/id", lambda here: model_offers(here.cursor)),
    (r"/test/(?:embeddings|moderations)", lambda here: profile_offers(here.file)),
    (r"/score/alerts/\d+/prompts/\d+", _prompts),
)


# What a position of a TOML file is in, also while the file can't be parsed.

_HEADER = lazy_pattern(r"[ \t]*\[(\[?)([^\[\]=#\n]*)")
_TYPED_KEY = lazy_pattern(r"((?:[^=#\n]*\.)?[ \t]*)([\"']?)([\w-]*)")
_TOKEN = lazy_pattern(
    r'"""(?:\\.|[^\\])*?"""|"(?!"")(?:\\.|[^"\\\n])*(?:"|(?=\n))'
    r"|'''.*?'''|'(?!'')[^'\n]*(?:'|(?=\n))|#[^\n]*|[\[\]{},=]|[\"']|[^\s\[\]{},=#\"']+",
    re.DOTALL,
)
_TEXT = lazy_pattern(r"[ \t]*(?:\"([^\"\\\n]*)\"|'([^'\n]*)')")
_WORD = lazy_pattern(r"[\w-]*")
_DEEPEST = 20
"""Arrays and inline tables in each other; what is deeper counts as text."""
_STYLES = {'"': "double", "'": "single"}


def toml_cursor_at(text: str, line: int, column: int) -> Cursor:
    """What a position of a text with LF newlines is in; see `Cursor`.

    `line` and `column` are 1-based, in characters; beyond the end of a line or of the text, its
    end. In the header of a table, `typed` is its name up to the position, and `in_brackets` is true
    for that of an array of tables.
    """
    start, end = Lines("", text).row(max(line, 1))
    offset = min(start + max(column, 1) - 1, end)
    own = text[start:end]
    before = [*statements(text[:start])]
    last = before[-1] if before else None
    if last is not None and not last.is_header and not starts_a_statement(own):
        values = _Walk(text, last.pointer, _end(Lines("", text), last), start)
        if values.frames:
            return _in_value(text, last, offset)
    typed = text[start:offset]
    header = _HEADER.fullmatch(typed)
    if header:
        return _in_header(text, header, offset)
    pair = [*statements(text[:end])][len(before) :]
    if pair and not pair[0].is_header and pair[0].end <= len(typed) + 1:
        return _in_value(text, pair[0], offset)
    return _in_key(text, start, offset)


def keys_of(text: str, mapping: str, but: int = 0) -> dict[str, str]:
    """The keys of the table at a pointer, each with its value if that is a string, else "".

    `but` is the number of a line that does not count. The keys of inline tables are not known.
    """
    depth, lines = len(tokens(mapping)), Lines("", text)
    found: dict[str, str] = {}
    for each in statements(text):
        if each.pointer.startswith(f"{mapping}/") and each.line != but:
            steps = tokens(each.pointer)
            value = _TEXT.match(text, _end(lines, each)) if len(steps) == depth + 1 else None
            found.setdefault(steps[depth], (value[1] or value[2] or "") if value else "")
    return found


def keys_by_table(text: str, but: int = 0) -> Mapping[str, Collection[str]]:
    """The names of the keys of each table by its pointer, in order, as `keys_of` finds them.

    Tables of more than `_DEEPEST` levels are left out.
    """
    found: dict[str, dict[str, None]] = {}
    for each in statements(text):
        table = ""
        for step in tokens(each.pointer)[:_DEEPEST] if each.line != but else ():
            found.setdefault(table, {})[step] = None
            table = f"{table}/{escaped(step)}"
    return found


def _end(lines: Lines, statement: Statement) -> int:
    return lines.row(statement.line)[0] + statement.end - 1


def _in_header(text: str, header: re.Match[str], offset: int) -> Cursor:
    name = re.compile(r"[\w.\"' -]*").match(text, offset)
    end = name.end() if name is not None else offset
    typed = header[2].lstrip(" \t")
    return _cursor("header", "", typed, offset, end=end, in_brackets=bool(header[1]))


def _in_key(text: str, start: int, offset: int) -> Cursor:
    found = _TYPED_KEY.fullmatch(text, start, offset)
    own = text.count("\n", 0, start) + 1
    probe = [*statements(f"{text[:start]}{found[1]}x=")] if found else []
    if found is None or not probe or probe[-1].line != own:
        return _cursor("comment" if "#" in text[start:offset] else "", "", "", offset)
    mapping = probe[-1].pointer.rpartition("/")[0]
    return _cursor(
        "key",
        f"{mapping}/{escaped(found[3])}",
        found[3],
        offset,
        end=_word_end(text, offset, found[2]),
        mapping=mapping,
        siblings=keys_of(text, mapping, own),
        style=_STYLES.get(found[2], "plain"),
    )


@record(slots=True)
class _Frame:
    """An array or an inline table that is open."""

    pointer: str
    is_table: bool
    index: int = 0
    key: str | None = None
    entries: dict[str, str] = field(default_factory=dict)


class _Walk:
    """The arrays and inline tables of a value that are open at an offset.

    Attributes:
        frames: The outermost first.
        last: The last token before the offset.
        filled: There is a key or a value after the last bracket or separator.
    """

    def __init__(self, text: str, pointer: str, start: int, offset: int) -> None:
        self.frames: list[_Frame] = []
        self.last: re.Match[str] | None = None
        self.filled = False
        self._pointer = pointer
        self._word = ""
        for token in _TOKEN.finditer(text, start, offset):
            self.last = token
            if token[0] in _STYLES:
                break  # the quote is open at the offset
            self._take(token[0])

    @property
    def pointer(self) -> str:
        """Of the value at the offset."""
        if not self.frames:
            return self._pointer
        top = self.frames[-1]
        return f"{top.pointer}/{escaped(top.key or '') if top.is_table else top.index}"

    @property
    def at_key(self) -> bool:
        """Whether a key of an inline table is typed at the offset."""
        return bool(self.frames) and self.frames[-1].is_table and self.frames[-1].key is None

    def _take(self, token: str) -> None:
        if token.startswith("#"):
            return
        self.filled = token not in ("[", "{", ",", "=")
        top = self.frames[-1] if self.frames else None
        if token in ("[", "{") and len(self.frames) < _DEEPEST:
            self.frames.append(_Frame(self.pointer, token == "{"))
        elif token in ("]", "}"):
            self.frames = self.frames[:-1]
        elif top is not None and token == ",":
            top.index, top.key = top.index + 1, None
        elif top is not None and token == "=":
            top.key = self._word
            top.entries[top.key] = ""
        else:
            self._word = token.strip("\"'")
            if top is not None and top.key is not None:
                top.entries[top.key] = self._word


def _in_value(text: str, statement: Statement, offset: int) -> Cursor:
    walk = _Walk(text, statement.pointer, _end(Lines("", text), statement), offset)
    last = walk.last
    if last is not None and last[0].startswith("#") and "\n" not in text[last.end() : offset]:
        return _cursor("comment", "", "", offset)
    quote = last[0] if last is not None and last[0] in _STYLES else ""
    typing = bool(quote) or (last is not None and last.end() == offset and _is_word(last[0]))
    if last is not None and walk.filled and not typing:
        return _cursor("", walk.pointer, "", offset)
    typed = (
        "" if last is None or not typing else text[last.end() if quote else last.start() : offset]
    )
    tables = [frame for frame in walk.frames if frame.is_table]
    around = tables[-1].pointer if tables else walk.pointer.rpartition("/")[0]
    entries = tables[-1].entries if tables else keys_of(text, around, statement.line)
    mapping = around if walk.at_key else None
    return _cursor(
        "key" if walk.at_key else "value",
        f"{around}/{escaped(typed)}" if walk.at_key else walk.pointer,
        typed,
        offset,
        end=_word_end(text, offset, quote),
        mapping=mapping,
        siblings=entries,
        style=_STYLES.get(quote, "plain"),
        in_brackets=bool(walk.frames),
    )


def _is_word(token: str) -> bool:
    return token[0] not in "[]{},=#\"'"


def _word_end(text: str, offset: int, quote: str) -> int:
    """Where the word around an offset ends: before its quote, if that is on the same line."""
    found = _WORD.match(text, offset)
    closing = re.compile(rf"[^{quote}\n]*(?={quote})").match(text, offset) if quote else None
    return (closing or found).end() if found is not None else offset


def _cursor(part: str, pointer: str, typed: str, offset: int, **more: Any) -> Cursor:
    given: dict[str, Any] = {
        "mapping": None,
        "siblings": {},
        "style": "plain",
        "end": offset,
        "in_brackets": False,
    }
    start = offset - len(typed)
    return Cursor(
        part=part, pointer=pointer, typed=typed, offset=offset, start=start, **{**given, **more}
    )
