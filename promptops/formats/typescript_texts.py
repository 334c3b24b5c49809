"""Strings of TypeScript and JavaScript as parts of a template; no code is run."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.formats.document import Loss
from promptops.formats.input_names import InputNames
from promptops.formats.languages.guess import guessed_in_javascript
from promptops.formats.languages.javascript_values import COMPACT_JSON, printed
from promptops.formats.languages.nunjucks import nunjucks
from promptops.formats.parts import ExpressionPart, TemplatePart, TextPart
from promptops.formats.plain_texts import guess_note, translated
from promptops.formats.registry import ReadOptions
from promptops.formats.source_file import SourceFile
from promptops.formats.translation import Translation
from promptops.formats.typescript_values import TextValue
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern

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
_MAX_NAME = 40
_MAX_EXPRESSION = 300


class TypescriptTexts:
    """The strings of one prompt.

    Attributes:
        losses: Of the strings that were read.
        used: Names of constants that the strings contain.
    """

    def __init__(
        self,
        file: SourceFile,
        options: ReadOptions,
        constants: Mapping[str, str],
        names: InputNames,
    ) -> None:
        self.losses: list[Loss] = []
        self.used: set[str] = set()
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
                self.value(piece.strip(), place) if index % 2 else TextPart(piece)
                for index, piece in enumerate(value.pieces)
            )
        text = Text(self._file.shown, value.pieces[0], lambda _offset: (place.line, place.column))
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

    def value(self, source: str, place: Place) -> TemplatePart:
        """An expression that is printed: a constant of the file, or an input."""
        constant = self._constants.get(source)
        if constant is not None:
            self.used.add(source)
            return TextPart(constant)
        expression = self._expression(source, place)
        if expression is None:
            shown = source[:_MAX_EXPRESSION]
            name = _NOT_IN_NAMES.sub("_", shown).strip("_")[:_MAX_NAME].strip("_") or "value"
            expression = self._names.name(name)
            message = f"the caller has to pass `{expression}`: it was `{shown}` in the code"
            self.losses.append(Loss(code="IMP224", message=message, place=place))
        return ExpressionPart(printed(expression, self._options.sample))

    def _expression(self, source: str, place: Place) -> str | None:
        """An expression of JavaScript as one of Jinja; None if it has no counterpart."""
        if len(source) > _MAX_EXPRESSION:
            return None
        path = _PATH.fullmatch(source)
        if path is not None and not path[2].endswith(".length"):
            return self._names.name(path[1]) + path[2].replace("?", "")
        encoded = _JSON.fullmatch(source)
        if encoded is not None:
            self.losses.append(Loss(code="IMP213", message=COMPACT_JSON, place=place))
            return self._filtered(encoded[1], "json", place)
        call = _CALL.fullmatch(source)
        if call is None:
            return None
        separator = _separator(call[3]) if call[3] is not None else None
        if call[3] is not None:
            return self._filtered(call[1], f"join({separator})", place) if separator else None
        return self._filtered(call[1].removesuffix("?"), _FILTERS[call[2]], place)

    def _filtered(self, source: str, name: str, place: Place) -> str | None:
        below = self._expression(source, place)
        return None if below is None else f"{below} | {name}"


def _separator(argument: str) -> str | None:
    """The argument of `join` as a string of Jinja; None if it is computed."""
    if not argument.strip():
        return '","'
    match = _STRING.fullmatch(argument.strip())
    return f'"{match[2]}"' if match is not None else None
