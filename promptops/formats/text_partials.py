"""The templates that a text includes become partials of its prompt."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from promptops.formats.document import Loss
from promptops.formats.editor_variables import EditorVariables
from promptops.formats.include_tags import include_tag
from promptops.formats.input_names import InputNames
from promptops.formats.languages.guess import guessed_syntax
from promptops.formats.parts import TagPart, TemplatePart, TextPart
from promptops.formats.plain_texts import identity, translated
from promptops.formats.registry import ReadOptions, Syntax
from promptops.formats.source_file import SourceFile, UnreadableSource
from promptops.formats.translation import Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.records import record, replace

_TAG = lazy_pattern(r"(include|import|from|extends)\b\s*")
_MISSING = "import the folder that contains both files"


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
    editor = EditorVariables(file, text, names)
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
        """Args:
        options: With the syntax of all texts of the prompt.
        """
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
        if not isinstance(part, TagPart) or not _TAG.match(part.source):
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

    def _lost(self, message: str, text: Text, named: str, hint: str = _MISSING) -> None:
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
