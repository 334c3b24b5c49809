"""The source of TypeScript as tokens, values and texts."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal

from promptops.formats.document import ExpressionPart, Loss, TagPart, TemplatePart, TextPart
from promptops.formats.languages.by_syntax import guessed_in_javascript
from promptops.formats.languages.nunjucks import nunjucks
from promptops.formats.plain_texts import guess_note, translated
from promptops.formats.source_file import ReadOptions, SourceFile
from promptops.formats.translation import COMPACT_JSON, InputNames, Translation, printed
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern
from promptops.records import record, replace

_ESCAPE = lazy_pattern(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", 16)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_BLANKS = lazy_pattern(r"(?:\s+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)+")
_SPECIAL = lazy_pattern(r"[`\\]|\$\{")
_IN_EXPRESSION = lazy_pattern(r"[`{}\"'/]")
_MAX_DEPTH = 30
_LAST_CHARACTER = 0x10FFFF
_SLASH_BEFORE_REGEX = frozenset("(,=:[!&|?{};\n")

Pieces = tuple[str, ...]
"""Texts and, at odd indexes, the source of expressions."""


def after_blanks(source: str, position: int) -> int:
    """The offset after white space and comments."""
    match = _BLANKS.match(source, position)
    return position if match is None else match.end()


def skipped(source: str, position: int) -> int:
    """The offset after a comment, a string, a regular expression, or one character."""
    two = source[position : position + 2]
    if two == "//":
        return _after(source, "\n", position)
    if two == "/*":
        return _after(source, "*/", position + 2)
    if source[position] in "\"'":
        return _string_end(source, position)
    if source[position] == "/" and _begins_regex(source, position):
        return _string_end(source, position)
    return position + 1


def quoted(source: str, position: int) -> tuple[int, str]:
    """The offset after a string in quotes and its value; -1 for one that is not closed."""
    end = _string_end(source, position)
    if end > len(source) or source[end - 1] != source[position] or end - position < 2:
        return -1, ""
    text, at = "", position + 1
    while at < end - 1:
        escape = source.find("\\", at, end - 1)
        if escape < 0:
            return end, text + source[at : end - 1]
        written, after = _unescaped(source, escape)
        text, at = text + source[at:escape] + written, after
    return end, text


def literal(source: str, position: int, depth: int = 0) -> tuple[int, Pieces]:
    """The offset after a template literal and its pieces.

    -1 if it is not closed, or nested too deeply.
    """
    pieces, text, at = list[str](), list[str](), position + 1
    while (match := _SPECIAL.search(source, at)) is not None:
        text.append(source[at : match.start()])
        if match[0] == "`":
            return match.end(), (*pieces, "".join(text))
        if match[0] == "\\":
            written, at = _unescaped(source, match.start())
            text.append(written)
            continue
        end = _closing(source, match.end(), depth) if depth < _MAX_DEPTH else -1
        if end < 0:
            break
        pieces += ["".join(text), source[match.end() : end]]
        text, at = [], end + 1
    return -1, ()


def _begins_regex(source: str, position: int) -> bool:
    before = position - 1
    while before >= 0 and source[before] in " \t":
        before -= 1
    return before < 0 or source[before] in _SLASH_BEFORE_REGEX


def _after(source: str, end: str, position: int) -> int:
    found = source.find(end, position)
    return len(source) if found < 0 else found + len(end)


def _string_end(source: str, position: int) -> int:
    """The offset after a string or regular expression, which ends at the latest with its line."""
    quote, at = source[position], position + 1
    while at < len(source) and source[at] not in (quote, "\n"):
        at += 2 if source[at] == "\\" else 1
    return at + 1


def _unescaped(source: str, at: int) -> tuple[str, int]:
    """The character that an escape means, and the offset after it."""
    match = _ESCAPE.match(source, at)
    if match is None:
        return "", at + 1
    code = match[1] or match[2] or match[3]
    if code is None:
        return _ESCAPES.get(match[4], match[4]), match.end()
    number = int(code, 16)
    return chr(number) if number <= _LAST_CHARACTER else "\ufffd", match.end()


def _closing(source: str, position: int, depth_of_literal: int) -> int:
    """The offset of the brace that closes an expression; -1 without one."""
    depth, at = 0, position
    while (match := _IN_EXPRESSION.search(source, at)) is not None:
        at, char = match.start(), match[0]
        if char == "`":
            at, _ = literal(source, at, depth_of_literal + 1)
            if at < 0:
                return -1
            continue
        if char == "}" and depth == 0:
            return at
        depth += (char == "{") - (char == "}")
        at = skipped(source, at)
    return -1


# Strings, lists and objects in TypeScript and JavaScript, as far as they are constant.

_TAG = lazy_pattern(r"([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*){0,3})\s{0,5}(?=`)")
_WORDS_BEFORE_TEXTS = frozenset(("return", "await", "typeof", "case", "in", "of", "yield"))
_DEDENTING_TAGS = frozenset(("dedent", "outdent", "stripIndent", "stripIndents", "codeBlock"))
_OTHER_TAGS = lazy_pattern(
    r"(?:gql|graphql|css|html|svg|sql|keyframes|createGlobalStyle|glsl|styled.*)\Z"
)
_MADE_MESSAGE = lazy_pattern(r"new\s+(?:System|Human|AI|Chat)Message\(\s*")
_TRIMMED = lazy_pattern(r"\s*\.\s*(trim|trimStart|trimEnd)\(\s*\)")
_JOIN = lazy_pattern(r"\s*\.\s*join\(\s*")
_CAST = lazy_pattern(r"\s*(?:as|satisfies)\s+[\w$.<>\[\]| ]+")
_OBJECT_KEY = lazy_pattern(r"([A-Za-z_$][\w$]*)\s*:")
_SHORTHAND_NAME = lazy_pattern(r"[A-Za-z_$][\w$]*\s*(?=[,}])")
_END_OF_VALUE = lazy_pattern(r"[,;)\]}+\n\"'`/(\[{]")
_VALUE_MARK = lazy_pattern("\ue000(\\d+)\ue001")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_CONTINUES = frozenset(".?:+&|=*<>")
MAX_OTHER = 500
"""Characters of an expression that is read to its end."""
_MAX_ITEMS = 1_000


@record(frozen=True, slots=True, kw_only=True)
class TextValue:
    """A string: texts and, at odd indexes, the source of expressions. Offsets in the file."""

    start: int
    end: int
    pieces: Pieces


@record(frozen=True, slots=True, kw_only=True)
class ListValue:
    """A list."""

    start: int
    end: int
    items: tuple[Value, ...]


@record(frozen=True, slots=True, kw_only=True)
class ObjectValue:
    """An object; a key `...` is one that is spread."""

    start: int
    end: int
    fields: tuple[tuple[str, Value], ...]


@record(frozen=True, slots=True, kw_only=True)
class OtherValue:
    """Any other expression, or a part of one that is too long."""

    start: int
    end: int


Value = TextValue | ListValue | ObjectValue | OtherValue


class _TooDeepError(Exception):
    """An expression is nested more deeply than is read."""


class TypescriptValues:
    """The values of one file."""

    def __init__(self, source: str) -> None:
        self._source = source

    def value(self, position: int, depth: int = 0) -> Value:
        """The expression that begins at an offset; a sum of strings and others is a string.

        One that is nested too deeply is not read at all.
        """
        try:
            return self._value(position, depth)
        except _TooDeepError:
            return OtherValue(start=position, end=position + 1)

    def text(self, position: int) -> Value:
        """The string that begins at an offset, without what follows it."""
        return self._text(position)

    def _value(self, position: int, depth: int) -> Value:
        start = at = after_blanks(self._source, position)
        operands: list[Value] = []
        while True:
            operands.append(self._operand(at, depth))
            at = after_blanks(self._source, operands[-1].end)
            sign = self._source[at : at + 2]
            if sign[:1] != "+" or sign in ("++", "+="):
                break
            if len(operands) > _MAX_ITEMS:
                return OtherValue(start=start, end=at)
            at = after_blanks(self._source, at + 1)
        end = operands[-1].end
        if not self._ends(end):
            return OtherValue(start=start, end=self._end(start))
        if len(operands) == 1:
            return operands[0]
        if not any(isinstance(one, TextValue) for one in operands):
            return OtherValue(start=start, end=end)
        return TextValue(start=start, end=end, pieces=self._joined(operands, ""))

    def _ends(self, position: int) -> bool:
        """Whether an expression ends at an offset."""
        at = after_blanks(self._source, position)
        char = self._source[at : at + 1]
        return char in ",;)]}" or ("\n" in self._source[position:at] and char not in _CONTINUES)

    def _operand(  # noqa: PLR0911  # one line for each kind of value
        self, at: int, depth: int
    ) -> Value:
        char = self._source[at : at + 1]
        if depth > _MAX_DEPTH:
            raise _TooDeepError
        tag = _TAG.match(self._source, at)
        if char in ("'", '"', "`") and char:
            return self._with_methods(self._text(at))
        if tag is not None and tag[1] in _DEDENTING_TAGS:
            return self._with_methods(self._dedented(at, tag.end()))
        if tag is not None and tag[1] not in _WORDS_BEFORE_TEXTS and not _OTHER_TAGS.match(tag[1]):
            found = self._text(tag.end())
            return replace(found, start=at) if isinstance(found, TextValue) else found
        made = _MADE_MESSAGE.match(self._source, at)
        if made is not None:
            return self._made(at, made.end(), depth)
        if char == "[":
            return self._with_methods(self._list(at, depth))
        if char == "{":
            return self._object(at, depth)
        return self._in_brackets(at, depth) if char == "(" else self._other(at)

    def _made(self, start: int, at: int, depth: int) -> Value:
        """`new SystemMessage("…")`, whose text may be long."""
        inner = self._value(at, depth + 1)
        end = after_blanks(self._source, inner.end)
        closed = self._source[end : end + 1] == ")"
        return OtherValue(start=start, end=end + 1) if closed else self._other(start)

    def _other(self, at: int) -> OtherValue:
        return OtherValue(start=at, end=self._end(at))

    def _text(self, at: int) -> Value:
        if self._source[at] == "`":
            end, pieces = literal(self._source, at)
        else:
            end, text = quoted(self._source, at)
            pieces = (text,)
        if end < 0:
            return OtherValue(start=at, end=at + 1)
        return TextValue(start=at, end=end, pieces=pieces)

    def _dedented(self, start: int, at: int) -> Value:
        found = self._text(at)
        if not isinstance(found, TextValue):
            return found
        marked = "".join(
            f"\ue000{index}\ue001" if index % 2 else piece
            for index, piece in enumerate(found.pieces)
        )
        split = _VALUE_MARK.split(textwrap.dedent(marked).strip())
        pieces = tuple(
            found.pieces[int(piece)] if index % 2 else piece for index, piece in enumerate(split)
        )
        return TextValue(start=start, end=found.end, pieces=pieces)

    def _in_brackets(self, at: int, depth: int) -> Value:
        inner = self._value(at + 1, depth + 1)
        end = after_blanks(self._source, inner.end)
        if not isinstance(inner, TextValue) or self._source[end : end + 1] != ")":
            return self._other(at)
        return self._with_methods(TextValue(start=at, end=end + 1, pieces=inner.pieces))

    def _list(self, start: int, depth: int) -> Value:
        items: list[Value] = []
        at = after_blanks(self._source, start + 1)
        while self._source[at : at + 1] != "]":
            item = self._value(at, depth + 1)
            items.append(item)
            at = after_blanks(self._source, item.end)
            if self._source[at : at + 1] == ",":
                at = after_blanks(self._source, at + 1)
            elif self._source[at : at + 1] != "]" or len(items) > _MAX_ITEMS:
                return OtherValue(start=start, end=max(at, start + 1))
        return ListValue(start=start, end=at + 1, items=tuple(items))

    def _object(self, start: int, depth: int) -> Value:
        fields: list[tuple[str, Value]] = []
        at = after_blanks(self._source, start + 1)
        while self._source[at : at + 1] != "}":
            found = self._field(at, depth)
            if found is None or len(fields) > _MAX_ITEMS:
                return OtherValue(start=start, end=max(at, start + 1))
            fields.append(found)
            at = after_blanks(self._source, found[1].end)
            if self._source[at : at + 1] == ",":
                at = after_blanks(self._source, at + 1)
        return ObjectValue(start=start, end=at + 1, fields=tuple(fields))

    def _field(self, at: int, depth: int) -> tuple[str, Value] | None:
        """A key with its value; None for what is neither that nor a name alone."""
        if self._source.startswith("...", at):
            return "...", self._other(at)
        alone = _SHORTHAND_NAME.match(self._source, at)
        if alone is not None:
            return alone[0].strip(), OtherValue(start=at, end=at + len(alone[0].strip()))
        match = _OBJECT_KEY.match(self._source, at)
        if match is not None:
            return match[1], self._value(match.end(), depth + 1)
        if self._source[at : at + 1] not in ("'", '"'):
            return None
        end, key = quoted(self._source, at)
        colon = after_blanks(self._source, end) if end > 0 else len(self._source)
        if self._source[colon : colon + 1] != ":":
            return None
        return key, self._value(colon + 1, depth + 1)

    def _with_methods(self, found: Value) -> Value:
        """The value after `.trim()`, `.join("…")`, and after its type."""
        while isinstance(found, TextValue | ListValue):
            changed = self._joined_list(found) or self._trimmed(found)
            if changed is None:
                break
            found = changed
        cast = _CAST.match(self._source, found.end)
        if cast is None or isinstance(found, OtherValue | ObjectValue):
            return found
        if isinstance(found, ListValue):
            return ListValue(start=found.start, end=cast.end(), items=found.items)
        return TextValue(start=found.start, end=cast.end(), pieces=found.pieces)

    def _trimmed(self, found: Value) -> TextValue | None:
        match = _TRIMMED.match(self._source, found.end)
        if match is None or not isinstance(found, TextValue):
            return None
        pieces = list(found.pieces)
        if match[1] != "trimEnd":
            pieces[0] = pieces[0].lstrip()
        if match[1] != "trimStart":
            pieces[-1] = pieces[-1].rstrip()
        return TextValue(start=found.start, end=match.end(), pieces=tuple(pieces))

    def _joined_list(self, found: Value) -> TextValue | None:
        match = _JOIN.match(self._source, found.end)
        if match is None or not isinstance(found, ListValue):
            return None
        separator = self.value(match.end(), _MAX_DEPTH)
        end = after_blanks(self._source, separator.end)
        if not isinstance(separator, TextValue) or self._source[end : end + 1] != ")":
            return None
        plain = all(isinstance(one, TextValue | OtherValue) for one in found.items)
        spread = any(self._source.startswith("...", one.start) for one in found.items)
        if not plain or spread or len(separator.pieces) > 1:
            return None
        pieces = self._joined(found.items, separator.pieces[0])
        return TextValue(start=found.start, end=end + 1, pieces=pieces)

    def _joined(self, found: Sequence[Value], separator: str) -> Pieces:
        """The pieces of several values with a separator."""
        pieces = [""]
        for index, one in enumerate(found):
            pieces[-1] += separator if index else ""
            texts = one.pieces if isinstance(one, TextValue) else ("", self._shown(one), "")
            pieces[-1] += texts[0]
            pieces += texts[1:]
        return tuple(pieces)

    def _shown(self, found: Value) -> str:
        return self._source[found.start : found.end].strip()

    def _end(self, start: int) -> int:
        """The offset after any expression, up to `+`, or after its first characters."""
        limit = min(start + MAX_OTHER, len(self._source))
        at, opened = start, list[str]()
        while at < limit and (match := _END_OF_VALUE.search(self._source, at, limit)) is not None:
            at, char = match.start(), match[0]
            if char in _CLOSING:
                opened.append(_CLOSING[char])
            elif opened and char == opened[-1]:
                opened.pop()
            elif not opened and self._stops(at, char):
                return at
            if char == "`":
                at, _ = literal(self._source, at)
                if at < 0:
                    break
            else:
                at = skipped(self._source, at)
        return limit

    def _stops(self, at: int, char: str) -> bool:
        if char == "+":
            return "+" not in (self._source[at - 1 : at], self._source[at + 1 : at + 2])
        if char == "\n":
            after = after_blanks(self._source, at)
            return self._source[after : after + 1] not in _CONTINUES
        return char in ",;)]}"


# Strings of TypeScript and JavaScript as parts of a template; no code is run.

_PROPERTY_PATH = lazy_pattern(r"(?:this\.)?([A-Za-z_$][\w$]*)((?:\??\.[A-Za-z_]\w*)*)")
_CALL = lazy_pattern(r"(.+?)\.(join\((.*)\)|trim\(\)|toUpperCase\(\)|toLowerCase\(\)|length)", 16)
_JSON_CALL = lazy_pattern(r"JSON\.stringify\(\s*([\w.$]+)\s*(?:,[^)]*)?\)")
_FILTER_OF_METHOD = {
    "trim()": "trim",
    "toUpperCase()": "upper",
    "toLowerCase()": "lower",
    "length": "length",
}
_STRING = lazy_pattern(r"""(["'`])((?:(?!\1)[^\\]|\\[nt])*)\1""")
_CONDITIONAL = lazy_pattern(
    r"""(!?)((?:this\.)?[A-Za-z_$][\w$]*(?:\??\.[A-Za-z_]\w*)*)"""
    r"""(?:\s*([!=]==?|[<>]=?)\s*("[^"\\\n]*"|'[^'\\\n]*'|\d+(?:\.\d+)?|true|false|null|undefined))?"""
    r"""\s*\?(?![.?])\s*"""
)
"""The test of `formal ? "a" : "b"`, up to its first value."""
_LOST_TEXT = lazy_pattern(r"(?<!\?)\?\s*[\"'`][^\"'`]*\s")
"""A conditional expression with words of the prompt."""
_MOST_CONDITIONS = 20
_NOT_IN_NAMES = lazy_pattern(r"[^A-Za-z0-9]+")
_MAX_NAME = 40
_MAX_EXPRESSION = 300


_ANNOTATED = lazy_pattern(r"(?<![\w$])([A-Za-z_$][\w$]*)\s{0,20}\??\s{0,20}:\s{0,20}")
_TYPE = lazy_pattern(r"(?:\([^()\n]{0,200}\)|\{[^{}\n]{0,200}\}|[^,;=(){}\n]{1,60}){1,4}")
_OBJECT_TYPE = lazy_pattern(r"\{[^{}]*\}")
_LIST_TYPE = lazy_pattern(r"\[\]|\b(?:Readonly)?Array<")
_SCALAR_TYPE = lazy_pattern(r"(?:string|number|boolean)\b")
_MOST_TYPES = 100  # of one name
_USE_OF_LIST = lazy_pattern(
    r"(?<![\w$])([A-Za-z_$][\w$]*)\??\."
    r"(?:map|flatMap|join|forEach|filter|reduce|some|every|sort|push)\("
)


Kind = Literal["list", "object", "scalar", "unknown"]


class TypescriptKinds:
    """What the values of one file are, as far as its types and its calls show."""

    def __init__(self, source: str) -> None:
        self._source = source

    @cached_property
    def _lists(self) -> set[str]:
        """The names that methods of lists are called of."""
        return set(_USE_OF_LIST.findall(self._source))

    @cached_property
    def _annotated(self) -> Mapping[str, Sequence[int]]:
        """Where the types of each name begin, or what else is after a colon; the first ones."""
        found: dict[str, list[int]] = {}
        for match in _ANNOTATED.finditer(self._source):
            ends = found.setdefault(match[1], [])
            if len(ends) < _MOST_TYPES:
                ends.append(match.end())
        return found

    def _types(self, name: str) -> Iterator[str]:
        for start in self._annotated.get(name, ()):
            match = _TYPE.match(self._source, start)
            if match is not None:
                yield _OBJECT_TYPE.sub("Object", match[0])

    def of(self, path: str, *, prompt: str) -> Kind:
        """The kind of a value that a condition tests; unknown if it is a list or a string.

        Args:
            prompt: The source of the prompt that reads the value.
        """
        name = path.rpartition(".")[2]
        lists = [kind for kind in self._types(name) if _LIST_TYPE.search(kind)]
        others = (kind for kind in self._types(name) if kind not in lists)
        is_list = bool(lists) or name in self._lists
        is_scalar = any(map(_SCALAR_TYPE.match, others))
        if is_list or is_scalar:
            return "unknown" if is_list and is_scalar else "list" if is_list else "scalar"
        properties = set(re.findall(rf"(?<![\w$.]){re.escape(path)}\??\.(\w+)\b(?!\()", prompt))
        if properties - {"length"}:
            return "object"
        return "unknown" if properties else "scalar"


class TypescriptTexts:
    """The strings of one prompt.

    Attributes:
        losses: Of the strings that were read.
        used: Names of constants that the strings contain.
        lists: Paths of inputs that are lists, and that a condition tests.
        tests_null: Whether a condition compares a value with null or undefined.
    """

    def __init__(
        self,
        file: SourceFile,
        options: ReadOptions,
        constants: Mapping[str, TextValue],
        names: InputNames,
        kind_of: Callable[[str], Kind],
    ) -> None:
        """Args:
        kind_of: What a value is, by its path in the code.
        """
        self.losses: list[Loss] = []
        self.used: set[str] = set()
        self.lists: set[str] = set()
        self.tests_null = False
        self._kind_of = kind_of
        self._open: set[str] = set()
        self._file = file
        self._options = options
        self._constants = constants
        self._names = names

    def lose(self, code: str, message: str, start: int, end: int) -> None:
        """Report a loss at a span of the file."""
        place = self._file.text.place(start, end)
        self.losses.append(Loss(code=code, message=message, place=place))

    def parts(self, value: TextValue, syntax: str | None) -> tuple[TemplatePart, ...]:
        """The parts of a string; one without expressions may be a template of `syntax`.

        Without a syntax it is guessed.
        """
        place = self._file.text.place(value.start, value.end)
        if len(value.pieces) > 1:
            return tuple(
                part
                for index, piece in enumerate(value.pieces)
                for part in (
                    self.values(piece.strip(), place)
                    if index % 2
                    else self._piece(piece, place, syntax)
                )
            )
        text = Text(self._file.shown, value.pieces[0], lambda _offset: (place.line, place.column))
        read = self._translated(text, syntax)
        self.losses += read.losses
        return read.parts

    def _piece(self, piece: str, place: Place, syntax: str | None) -> tuple[TemplatePart, ...]:
        """A text between expressions, which is a template only if the code makes one of it."""
        if syntax in (None, "none"):
            return (TextPart(piece),)
        text = Text(self._file.shown, piece, lambda _offset: (place.line, place.column))
        read = self._translated(text, syntax)
        self.losses += read.losses
        return read.parts

    def _translated(self, text: Text, syntax: str | None) -> Translation:
        """A string without expressions, in a syntax or the guessed one."""
        if syntax is not None or self._options.syntax is not None:
            return translated(text, self._options, self._names, syntax)
        chosen = guessed_in_javascript(text.value)
        if chosen == "none":
            return translated(text, self._options, self._names, chosen)
        self.losses.append(guess_note(chosen, text))
        if chosen == "nunjucks":
            return nunjucks(text, self._options.sample)
        return translated(text, self._options, self._names, chosen)

    def constant(self, source: str) -> TextValue | None:
        """The text of a constant with this name, which is used from now on; None without one."""
        found = None if source in self._open else self._constants.get(source)
        self.used.update([source] if found is not None else [])
        return found

    def values(self, source: str, place: Place) -> tuple[TemplatePart, ...]:
        """An expression that is printed: the parts of a constant, or an input."""
        constant = self.constant(source)
        if constant is None:
            return self._conditional(source, place) or (self._value(source, place),)
        self._open.add(source)
        found = self.parts(constant, "none")
        self._open.discard(source)
        return found

    def _conditional(self, source: str, place: Place) -> tuple[TemplatePart, ...] | None:
        """`{% if test %}…{% else %}…{% endif %}` for `test ? "…" : …`; None for anything else."""
        match = _CONDITIONAL.match(source)
        if match is None or source.count("?") > _MOST_CONDITIONS:
            return None
        test = self._test(match[1], match[2], match[3], match[4], place)
        ended = TypescriptValues(f"{source};")
        then: Value = OtherValue(start=match.end(), end=match.end())
        if source[match.end() : match.end() + 1] in ("'", '"', "`"):
            then = ended.text(match.end())
        colon = after_blanks(source, then.end)
        if test is None or not isinstance(then, TextValue) or source[colon : colon + 1] != ":":
            return None
        found = [TagPart(f"if {test}"), *self.parts(then, "none")]
        other = ended.value(colon + 1)
        if isinstance(other, TextValue):
            otherwise = self.parts(other, "none")
        else:
            otherwise = self.values(source[other.start :].strip(), place)
        if any(part != TextPart("") for part in otherwise):
            found += (TagPart("else"), *otherwise)
        return (*found, TagPart("endif"))

    def _test(
        self, negation: str, path: str, sign: str | None, literal: str | None, place: Place
    ) -> str | None:
        """The test of a conditional expression; None for `!a === b`, and without a counterpart."""
        value = self._expression(path, place)
        if value is None:
            return None
        if sign is None or literal is None:
            return self._truth(negation, path, value)
        if negation:
            return None
        if literal in ("null", "undefined"):
            return self._null_test(path, value, is_null=sign[0] == "=")
        if literal[0] in "'\"":
            literal = json.dumps(literal[1:-1], ensure_ascii=False)
        return f"{value} {sign[:2] if sign[0] in '!=' else sign} {literal}"

    def _truth(self, negation: str, path: str, value: str) -> str | None:
        """The test of a value by itself: an empty list is true in JavaScript, and false here."""
        kind = "scalar" if path.endswith(".length") else self._kind_of(path)
        if kind == "unknown":
            return None
        if kind == "scalar":
            return f"not {value}" if negation else value
        if kind == "list":
            self.lists.add(value)
        return self._null_test(path, value, is_null=bool(negation))

    def _null_test(self, path: str, value: str, *, is_null: bool) -> str:
        """The test for null; with `?.` it is also true for a property of null."""
        self.tests_null = True
        if "?." in path:
            either = f"{value} is not defined or {value} is none"
            return either if is_null else f"{value} is defined and {value} is not none"
        return f"{value} is none" if is_null else f"{value} is not none"

    def _value(self, source: str, place: Place) -> TemplatePart:
        expression = self._expression(source, place)
        if expression is None:
            shown = source[:_MAX_EXPRESSION]
            name = _NOT_IN_NAMES.sub("_", shown).strip("_")[:_MAX_NAME].strip("_") or "value"
            expression = self._names.name(name)
            message = f"the caller has to pass `{expression}`: it was `{shown}` in the code"
            code = "IMP103" if _LOST_TEXT.search(source) else "IMP224"
            self.losses.append(Loss(code=code, message=message, place=place))
        return ExpressionPart(printed(expression, self._options.sample))

    def _expression(self, source: str, place: Place) -> str | None:
        """An expression of JavaScript as one of Jinja; None if it has no counterpart."""
        if len(source) > _MAX_EXPRESSION:
            return None
        path = _PROPERTY_PATH.fullmatch(source)
        if path is not None and not path[2].endswith(".length"):
            return self._names.name(path[1]) + path[2].replace("?", "")
        encoded = _JSON_CALL.fullmatch(source)
        if encoded is not None:
            self.losses.append(Loss(code="IMP213", message=COMPACT_JSON, place=place))
            return self._filtered(encoded[1], "json", place)
        call = _CALL.fullmatch(source)
        if call is None:
            return None
        separator = _separator(call[3]) if call[3] is not None else None
        if call[3] is not None:
            return self._filtered(call[1], f"join({separator})", place) if separator else None
        return self._filtered(call[1].removesuffix("?"), _FILTER_OF_METHOD[call[2]], place)

    def _filtered(self, source: str, name: str, place: Place) -> str | None:
        below = self._expression(source, place)
        return None if below is None else f"{below} | {name}"


def _separator(argument: str) -> str | None:
    """The argument of `join` as a string of Jinja; None if it is computed."""
    if not argument.strip():
        return '","'
    match = _STRING.fullmatch(argument.strip())
    return f'"{match[2]}"' if match is not None else None
