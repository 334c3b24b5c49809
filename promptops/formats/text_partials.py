"""The text of a file: included templates become partials, variables of editors become inputs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from promptops.formats.document import Loss
from promptops.formats.include_tags import include_tag
from promptops.formats.input_names import InputNames
from promptops.formats.languages.guess import guessed_syntax
from promptops.formats.parts import ExpressionPart, TagPart, TemplatePart, TextPart
from promptops.formats.plain_texts import identity, translated
from promptops.formats.registry import ReadOptions, Syntax
from promptops.formats.source_file import SourceFile, UnreadableSource
from promptops.formats.translation import Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.records import record, replace

_INCLUDING_TAG = lazy_pattern(r"(include|import|from|extends)\b\s*")
_MISSING_HINT = "import the folder that contains both files"
JINJA_ENDINGS = (".j2", ".jinja", ".jinja2")


@record(frozen=True, slots=True, kw_only=True)
class TranslatedFile:
    """The text of a file.

    Attributes:
        translation: With all losses, also those of its partials.
        partials: The parts of each partial, by its path in `include` tags.
        inputs: The schemas of inputs that the text describes.
    """

    translation: Translation
    partials: Mapping[str, tuple[TemplatePart, ...]]
    inputs: Mapping[str, Mapping[str, Any]]


def translated_file(
    file: SourceFile, text: Text, options: ReadOptions, names: InputNames
) -> TranslatedFile:
    """The text of a file, whole or without its header, with the templates that it includes.

    The ending of a Jinja file names its language; else it is that of the options, or a guess.
    """
    syntax = "jinja" if file.suffix in JINJA_ENDINGS else None
    editor = _EditorVariables(file, text, names)
    read = text if options.syntax else editor.hidden()
    found = translated(read, options, names, syntax)
    used = options.syntax or syntax or guessed_syntax(read.value)
    partials = _Partials(replace(options, syntax=cast(Syntax, used)), names)
    parts = partials.included(file, text, found.parts)
    if options.syntax is None:
        parts = editor.replaced(parts)
    losses = (*found.losses, *editor.losses, *partials.losses)
    translation = replace(found, parts=parts, losses=losses)
    return TranslatedFile(translation=translation, partials=partials.found, inputs=editor.inputs)


class _Partials:
    """The partials of one prompt.

    Attributes:
        found: The parts of each partial, by its path in `include` tags.
        losses: An IMP104 for each template that can't be read.
    """

    def __init__(self, options: ReadOptions, names: InputNames) -> None:
        """`options` have the syntax of all texts of the prompt."""
        self.found: dict[str, tuple[TemplatePart, ...]] = {}
        self.losses: list[Loss] = []
        self._options = options
        self._names = names

    def included(
        self, file: SourceFile, text: Text, parts: Sequence[TemplatePart]
    ) -> tuple[TemplatePart, ...]:
        """The parts of a file, with the paths of its partials in their tags."""
        return tuple(self._part(file, text, part) for part in parts)

    def _part(self, file: SourceFile, text: Text, part: TemplatePart) -> TemplatePart:
        if not isinstance(part, TagPart) or not _INCLUDING_TAG.match(part.source):
            return part
        tag = include_tag(part)
        if tag is None:
            message = f"`{part.source}` does not include a template by a constant name"
            self._lost(message, text, part.source, "copy the other template into this one")
            return part
        member = next(_members(file, tag.name), None)
        if member is not None and member.path != _beside(file, tag.name):
            message = f"the template `{tag.name}` is taken from `{member.path}`"
            self.losses.append(Loss(code="IMP303", message=message, place=file.place()))
        if member is None:
            self._lost(f"the included template `{tag.name}` is missing", text, tag.name)
            return part
        path = self._partial(member)
        return tag.renamed(path)

    def _partial(self, member: SourceFile) -> str:
        """The path of a partial; its text is read once."""
        *folders, name = member.path.split("/")
        path = "/".join([*folders, "partials", f"{identity(name.partition('.')[0])}.md.j2"])
        if path not in self.found:
            self.found[path] = ()  # so that a template that includes itself ends
            read = translated(member.text, self._options, self._names)
            self.losses += read.losses
            parts = self.included(member, member.text, read.parts)
            self.found[path] = tuple(_without_last_newline(parts))
        return path

    def _lost(self, message: str, text: Text, named: str, hint: str = _MISSING_HINT) -> None:
        at = max(text.value.find(named), 0)
        place = text.place(at, at + len(named))
        self.losses.append(
            Loss(code="IMP104", message=message, place=place, hint=hint, refuses=True)
        )


def _beside(file: SourceFile, name: str) -> str:
    """The path of a name in the folder of a file."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file.path), name))


def _members(file: SourceFile, name: str) -> Iterator[SourceFile]:
    """The files that a name can mean: beside the file, or below one of the folders around it."""
    steps = file.path.split("/")[:-1]
    for up in range(len(steps) + 1):
        try:
            found = file.beside("/".join([*[".."] * up, name]))
        except UnreadableSource:
            continue
        if found is not None and found.path != file.path:
            yield found


def _without_last_newline(parts: Sequence[TemplatePart]) -> Iterator[TemplatePart]:
    """As Jinja reads a template; promptops keeps the newline."""
    *before, last = parts or (TextPart(""),)
    yield from before
    yield TextPart(last.text.removesuffix("\n")) if isinstance(last, TextPart) else last


# What an editor or a coding agent fills in when it runs a prompt or command in Markdown

_MARKDOWN_ENDINGS = (".md", ".markdown", ".mdc")
_COMMAND_ARGUMENTS = "$ARGUMENTS"
_EDITOR_INPUT = lazy_pattern(
    r"\$\{input:([A-Za-z_][\w-]{0,99})(?::([^}\n]{0,500}))?\}|\$(ARGUMENTS)\b|(?<![\w$])\$([1-9])\b"
)
_EDITOR_VALUE = lazy_pattern(
    r"\$\{(?:selection|selectedText|file|fileBasename|fileBasenameNoExtension|fileDirname"
    r"|workspaceFolder|workspaceFolderBasename)\}"
)
"""What VS Code fills in: other files may have variables with such names."""
_EDITOR_FILE = lazy_pattern(r"\.(?:prompt|instructions|chatmode|agent)\.md\Z")
_HIDDEN_DOLLAR = "\ue010\ue011"
"""As long as `${`, so that offsets stay."""
_EDITOR_CONTEXT = lazy_pattern(r"(?m)!`[^`\n]+`|^@[\w./-]+$|(?<!\S)@[\w./-]*[\w-]\.\w+")


class _EditorVariables:
    """The variables of one file, which an editor or a coding agent fills in.

    Attributes:
        inputs: The schemas of those that have a hint, by their names in templates.
        losses: An IMP220 for each input, an IMP124 for each part that only an editor can fill in.
    """

    def __init__(self, file: SourceFile, text: Text, names: InputNames) -> None:
        self.inputs: dict[str, Mapping[str, Any]] = {}
        self.losses: list[Loss] = []
        self._text = text
        self._names = names
        self._is_markdown = file.suffix in _MARKDOWN_ENDINGS
        self._is_of_editor = self._is_markdown and (
            _EDITOR_FILE.search(file.name) is not None or "${input:" in text.value
        )
        # Elsewhere `$5` is an amount of money.
        self._is_command = (
            "commands" in file.path.split("/")[:-1] or _COMMAND_ARGUMENTS in text.value
        )

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
        value = _EDITOR_VALUE.sub(
            lambda match: match[0].replace("${", _HIDDEN_DOLLAR), self._text.value
        )
        if guessed_syntax(value) == "jinja":  # which does not read them
            return self._text
        return Text(self._text.path, value, self._text.locate)

    def _contexts(self) -> Iterator[re.Match[str]]:
        yield from _EDITOR_CONTEXT.finditer(self._text.value)
        if self._is_of_editor:
            yield from _EDITOR_VALUE.finditer(self._text.value)

    def _pieces(self, part: TemplatePart) -> Iterator[TemplatePart]:
        if not isinstance(part, TextPart):
            yield part
            return
        position = 0
        text = part.text.replace(_HIDDEN_DOLLAR, "${") if self._is_of_editor else part.text
        for match in _EDITOR_INPUT.finditer(text):
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
