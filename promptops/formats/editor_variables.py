"""What an editor or a coding agent fills in when it runs a prompt or command in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.input_names import InputNames
from promptops.formats.languages.guess import guessed_syntax
from promptops.formats.parts import ExpressionPart, TemplatePart, TextPart
from promptops.formats.source_file import SourceFile
from promptops.model.place import Text
from promptops.patterns import lazy_pattern

_ENDINGS = (".md", ".markdown", ".mdc")
_ARGUMENTS = "$ARGUMENTS"
_INPUT = lazy_pattern(
    r"\$\{input:([A-Za-z_][\w-]{0,99})(?::([^}\n]{0,500}))?\}|\$(ARGUMENTS)\b|(?<![\w$])\$([1-9])\b"
)
_OF_EDITOR = lazy_pattern(
    r"\$\{(?:selection|selectedText|file|fileBasename|fileBasenameNoExtension|fileDirname"
    r"|workspaceFolder|workspaceFolderBasename)\}"
)
"""What VS Code fills in: other files may have variables with such names."""
_FILE_OF_EDITOR = lazy_pattern(r"\.(?:prompt|instructions|chatmode|agent)\.md\Z")
_HIDDEN = "\ue010\ue011"
"""As long as `${`, so that offsets stay."""
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
        self._is_of_editor = self._is_markdown and (
            _FILE_OF_EDITOR.search(file.name) is not None or "${input:" in text.value
        )
        # Elsewhere `$5` is an amount of money.
        self._is_command = "commands" in file.path.split("/")[:-1] or _ARGUMENTS in text.value

    def replaced(self, parts: Iterable[TemplatePart]) -> tuple[TemplatePart, ...]:
        """The parts with inputs in place of the variables; context stays as text."""
        if not self._is_markdown:
            return tuple(parts)
        found = [piece for part in parts for piece in self._pieces(part)]
        contexts = {match[0]: match for match in self._contexts()}
        for written, match in contexts.items():
            message = f"an editor fills in `{written}`, promptops does not"
            self._note("IMP124", message, match.start())
        return tuple(found)

    def hidden(self) -> Text:
        """The text without the marks of what VS Code fills in, so that no syntax reads it.

        `replaced` restores them.
        """
        if not self._is_of_editor:
            return self._text
        value = _OF_EDITOR.sub(lambda match: match[0].replace("${", _HIDDEN), self._text.value)
        if guessed_syntax(value) == "jinja":  # which does not read them
            return self._text
        return Text(self._text.path, value, self._text.locate)

    def _contexts(self) -> Iterator[re.Match[str]]:
        yield from _CONTEXT.finditer(self._text.value)
        if self._is_of_editor:
            yield from _OF_EDITOR.finditer(self._text.value)

    def _pieces(self, part: TemplatePart) -> Iterator[TemplatePart]:
        if not isinstance(part, TextPart):
            yield part
            return
        position = 0
        text = part.text.replace(_HIDDEN, "${") if self._is_of_editor else part.text
        for match in _INPUT.finditer(text):
            if match[4] and not self._is_command:
                continue
            yield TextPart(text[position : match.start()])
            yield ExpressionPart(self._input(match[0], match[1] or "", match[2], match[4]))
            position = match.end()
        yield TextPart(text[position:])

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
