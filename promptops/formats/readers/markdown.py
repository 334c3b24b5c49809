"""Markdown files with a header: agents, commands, skills, `.prompt.md`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.formats.document import Loss, SourceDocument
from promptops.formats.model_fields import PARAMETERS, described, model_field
from promptops.formats.plain_texts import (
    JINJA_ENDINGS,
    identity,
    role_in,
    stem_steps,
    text_message,
    translated_file,
)
from promptops.formats.source_file import FrontMatter, ReadOptions, SourceFile, front_matter
from promptops.formats.translation import InputNames
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

NAME = "markdown"
MARKS = "`.md`, `.txt` or `.prompt` with a YAML header between `---` lines"
RANK = 800

_ENDINGS = (".md", ".markdown", ".mdc", ".prompt", ".tmpl", ".txt", *JINJA_ENDINGS)
_SYSTEM_FILE = lazy_pattern(r"SKILL\.md|.*\.(?:agent|chatmode)\.md")
_SYSTEM_FOLDERS = frozenset(("agents", "chatmodes", "instructions", "personas"))
_TITLE = ("title", "name")
_OWNERS = ("author", "authors")
_TOOLS = ("tools", "allowed-tools", "allowed_tools")


def recognises(file: SourceFile) -> bool:
    """Whether it is Markdown or another text with a header."""
    return file.suffix in _ENDINGS and bool(front_matter(file).value)


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """One prompt: the body is its message."""
    front = front_matter(file)
    if not front.body.value.strip():
        yield Loss(code="IMP003", message="there is no text below the header", place=file.place())
        return
    names = InputNames()
    found = translated_file(file, front.body, options, names)
    losses = [*front.losses, *found.translation.losses]
    fields = _fields(file, front, losses)
    yield SourceDocument(
        id=identity(*_steps(file)),
        format=NAME,
        place=file.place(),
        fields=fields,
        messages=(text_message(_role(file, options), found.translation),),
        inputs=found.inputs,
        aliases=names.aliases,
        samples=options.samples,
        lenient=True,
        partials=found.partials,
        losses=tuple(losses),
    )


def _role(file: SourceFile, options: ReadOptions) -> str:
    if _SYSTEM_FILE.fullmatch(file.name) or _SYSTEM_FOLDERS & set(file.folders):
        return "system"
    return role_in(file.name.removesuffix(".md")) or options.role


def _steps(file: SourceFile) -> list[str]:
    steps = list(stem_steps(file.path))
    return steps[:-1] if file.name == "SKILL.md" and len(steps) > 1 else steps


def _fields(file: SourceFile, front: FrontMatter, losses: list[Loss]) -> dict[str, Any]:
    value = front.value
    fields = described(value, title=_TITLE, owners=_OWNERS, tags=("tags",))
    given = {key: item for key, item in value.items() if key in PARAMETERS}

    def place(key: str) -> Place:
        return front.place(f"/{key or 'model'}", file.shown)

    fields |= model_field(value.get("model"), given, place, losses)
    return {**fields, **_kept(file, front, losses)}


def _kept(file: SourceFile, front: FrontMatter, losses: list[Loss]) -> dict[str, Any]:
    """What has no key of its own: tools as `x-tools`, all else as metadata."""
    known = {*_TITLE, *_OWNERS, *PARAMETERS, "description", "tags", "model"}
    fields: dict[str, Any] = {}
    metadata = {}
    for key, item in front.value.items():
        place = front.place(f"/{key}", file.shown)
        if key in _TOOLS:
            fields["x-tools"] = item
            message = f"`{key}` names tools of an editor: kept as `x-tools`"
            losses.append(Loss(code="IMP106", message=message, place=place))
        elif key not in known:
            metadata[str(key)] = item
            message = f"`{key}` is kept in `metadata`"
            losses.append(Loss(code="IMP203", message=message, place=place))
    if metadata:
        fields["metadata"] = metadata
    return fields
