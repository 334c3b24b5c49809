"""What an editor or a coding agent fills in when it runs a prompt or command in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.input_names import InputNames
from promptops.formats.parts import ExpressionPart, TemplatePart, TextPart
from promptops.formats.source_file import SourceFile
from promptops.model.place import Text
from promptops.patterns import lazy_pattern

_ENDINGS = (".md", ".markdown", ".mdc")
_ARGUMENTS = "$ARGUMENTS"
_INPUT = lazy_pattern(
    r"\$\{input:([A-Za-z_][\w-]{0,99})(?::([^}\n]{0,500}))?\}|\$(ARGUMENTS)\b|(?<![\w$])\$([1-9])\b"
)
_CONTEXT = lazy_pattern(r"(?m)!`[^`\n]+`|^@[\w./-]+$|(?<!\S)@[\w./-]*[\w-]\.\w+")


class EditorVariables:
    """The variables of one file.

    Attributes:
        inputs: The schemas of those that have a hint, by their names in templates.
        losses: An IMP220 for each input, an IMP124 for each part that only an editor can fill in.
    """

    def __init__(self, file: SourceFile, text: Text, names: InputNames) -> None:
        self.inputs: dict[str, Mapping[str, Any]] = {}
        self.losses: list[Loss] = []
        self._text = text
        self._names = names
        self._is_markdown = file.suffix in _ENDINGS
        # Elsewhere `$5` is an amount of money.
        self._is_command = "commands" in file.path.split("/")[:-1] or _ARGUMENTS in text.value

    def replaced(self, parts: Iterable[TemplatePart]) -> tuple[TemplatePart, ...]:
        """The parts with inputs in place of the variables; context stays as text."""
        if not self._is_markdown:
            return tuple(parts)
        found = [piece for part in parts for piece in self._pieces(part)]
        contexts = {match[0]: match for match in _CONTEXT.finditer(self._text.value)}
        for written, match in contexts.items():
            message = f"an editor fills in `{written}`, promptops does not"
            self._note("IMP124", message, match.start())
        return tuple(found)

    def _pieces(self, part: TemplatePart) -> Iterator[TemplatePart]:
        if not isinstance(part, TextPart):
            yield part
            return
        position = 0
        for match in _INPUT.finditer(part.text):
            if match[4] and not self._is_command:
                continue
            yield TextPart(part.text[position : match.start()])
            yield ExpressionPart(self._input(match[0], match[1] or "", match[2], match[4]))
            position = match.end()
        yield TextPart(part.text[position:])

    def _input(self, written: str, named: str, hint: str | None, number: str | None) -> str:
        """The name of an input; it is reported once."""
        name = self._names.name(named or (f"arg{number}" if number else "arguments"))
        offset = max(self._text.value.find(written), 0)
        self._note("IMP220", f"`{written}` becomes the input `{name}`", offset)
        if hint:
            self.inputs[name] = {"type": "string", "description": hint}
        return name

    def _note(self, code: str, message: str, offset: int) -> None:
        loss = Loss(code=code, message=message, place=self._text.place(offset))
        if loss not in self.losses:
            self.losses.append(loss)
