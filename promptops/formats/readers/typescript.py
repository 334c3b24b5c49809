"""Prompts in TypeScript and JavaScript: template literals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from promptops.formats.document import Loss, SourceDocument, SourceMessage, TextContent
from promptops.formats.input_names import InputNames
from promptops.formats.languages.guess import guessed_syntax
from promptops.formats.languages.javascript_values import COMPACT_JSON, printed
from promptops.formats.parts import ExpressionPart, TemplatePart, TextPart
from promptops.formats.plain_texts import identity, role_in, stem_steps, translated
from promptops.formats.registry import ReadOptions
from promptops.formats.source_file import SourceFile
from promptops.formats.typescript_templates import TemplateLiteral, template_literals
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern

NAME = "typescript"
MARKS = "`.ts`, `.tsx`, `.js`, `.mjs`: template literals; code is not run"
RANK = 11

_ENDINGS = (".ts", ".tsx", ".js", ".mjs", ".jsx", ".cjs")
_NAMED = lazy_pattern(r"(?i)prompt|template|system|instruction|message|persona")
_MARKUP = lazy_pattern(
    r"(?i)\s*(?:<!doctype|<(?:div|html|svg|style|span|p|table|script|button)\b|SELECT\b|INSERT\b"
    r"|UPDATE\s+\w+\s+SET|CREATE\s+(?:TABLE|INDEX)|(?:query|mutation|fragment)\b[^.]*\{|[.#@]?[\w-]+\s*\{)"
)
_PATH = lazy_pattern(r"(?:this\.)?([A-Za-z_$][\w$]*)((?:\??\.[A-Za-z_]\w*)*)")
_CALL = lazy_pattern(r"(.+?)\.(join\((.*)\)|trim\(\)|toUpperCase\(\)|toLowerCase\(\)|length)", 16)
_JSON = lazy_pattern(r"JSON\.stringify\(\s*([\w.$]+)\s*(?:,[^)]*)?\)")
_FILTERS = {
    "trim()": "trim",
    "toUpperCase()": "upper",
    "toLowerCase()": "lower",
    "length": "length",
}
_STRING = lazy_pattern(r"""(["'`])((?:(?!\1)[^\\]|\\[nt])*)\1""")
_NOT_IN_NAMES = lazy_pattern(r"[^A-Za-z0-9]+")
_SHORTEST_NAMED = 40
_SHORTEST = 200
_MAX_NAME = 40
_MAX_EXPRESSION = 300


def recognises(file: SourceFile) -> bool:
    """Whether the ending is that of such code."""
    return file.suffix in _ENDINGS


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """A prompt for each literal that looks like one by its name and its length."""
    literals = list(template_literals(file.text.value))
    constants = {one.name: one for one in literals if one.name.isupper() and len(one.pieces) == 1}
    for literal in literals:
        if _is_prompt(literal):
            yield _Reader(file, options, constants).document(literal)


def _is_prompt(literal: TemplateLiteral) -> bool:
    text = "".join(literal.pieces[::2])
    if not literal.name or text.count(" ") < 4 or _MARKUP.match(text):
        return False
    return len(text) >= (_SHORTEST_NAMED if _NAMED.search(literal.name) else _SHORTEST)


class _Reader:
    """One literal."""

    def __init__(
        self, file: SourceFile, options: ReadOptions, constants: Mapping[str, TemplateLiteral]
    ) -> None:
        self._file = file
        self._options = options
        self._constants = constants
        self._names = InputNames()
        self._losses: list[Loss] = []
        self._at = file.place()

    def document(self, literal: TemplateLiteral) -> SourceDocument:
        """The prompt of a literal."""
        place = self._at = self._file.text.place(literal.start, literal.end)
        parts = self._parts(literal, place)
        role = role_in(literal.name)
        if role is None:
            message = f"nothing defines the role: `{self._options.role}` is assumed"
            self._losses.append(Loss(code="IMP311", message=message, place=place))
        content = (TextContent(parts=parts),)
        return SourceDocument(
            id=identity(*stem_steps(self._file.path), _words(literal.name)),
            format=NAME,
            place=place,
            messages=(SourceMessage(role=role or self._options.role, content=content),),
            aliases=self._names.aliases,
            samples=self._options.samples,
            losses=tuple(self._losses),
        )

    def _parts(self, literal: TemplateLiteral, place: Place) -> tuple[TemplatePart, ...]:
        if len(literal.pieces) == 1:
            text = Text(
                self._file.shown, literal.pieces[0], lambda _offset: (place.line, place.column)
            )
            # A dollar that is written here is escaped in the code, so it is text.
            syntax = "none" if guessed_syntax(text.value) == "dollar" else None
            read = translated(text, self._options, self._names, syntax)
            self._losses += read.losses
            return read.parts
        return tuple(
            self._value(piece.strip(), place) if index % 2 else TextPart(piece)
            for index, piece in enumerate(literal.pieces)
        )

    def _value(self, source: str, place: Place) -> TemplatePart:
        constant = self._constants.get(source)
        if constant is not None:
            return TextPart(constant.pieces[0])
        expression = self._expression(source)
        if expression is None:
            shown = source[:_MAX_EXPRESSION]
            name = _NOT_IN_NAMES.sub("_", shown).strip("_")[:_MAX_NAME].strip("_") or "value"
            expression = self._names.name(name)
            message = f"the caller has to pass `{expression}`: it was `{shown}` in the code"
            self._losses.append(Loss(code="IMP224", message=message, place=place))
        return ExpressionPart(printed(expression, self._options.sample))

    def _expression(self, source: str) -> str | None:
        """An expression of JavaScript as one of Jinja; None if it has no counterpart."""
        if len(source) > _MAX_EXPRESSION:
            return None
        path = _PATH.fullmatch(source)
        if path is not None and not path[2].endswith(".length"):
            return self._names.name(path[1]) + path[2].replace("?", "")
        encoded = _JSON.fullmatch(source)
        if encoded is not None:
            self._losses.append(Loss(code="IMP213", message=COMPACT_JSON, place=self._at))
            return self._filtered(encoded[1], "json")
        call = _CALL.fullmatch(source)
        if call is None:
            return None
        separator = _separator(call[3]) if call[3] is not None else None
        if call[3] is not None:
            return self._filtered(call[1], f"join({separator})") if separator else None
        return self._filtered(call[1].removesuffix("?"), _FILTERS[call[2]])

    def _filtered(self, source: str, name: str) -> str | None:
        below = self._expression(source)
        return None if below is None else f"{below} | {name}"


def _separator(argument: str) -> str | None:
    """The argument of `join` as a string of Jinja; None if it is computed."""
    if not argument.strip():
        return '","'
    match = _STRING.fullmatch(argument.strip())
    return f'"{match[2]}"' if match is not None else None


def _words(name: str) -> str:
    """`triagePrompt` as `triage-prompt`."""
    written = "".join(
        f"-{char}" if char.isupper() and index else char for index, char in enumerate(name)
    )
    return name.replace("_", "-") if name.isupper() or "_" in name else written
