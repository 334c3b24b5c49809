"""Prompty files, versions 1 and 2."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from promptops.formats.declared_types import named_rows
from promptops.formats.document import (
    Loss,
    MediaContent,
    SourceCase,
    SourceDocument,
    SourceHistory,
    SourceMessage,
    SourceTurn,
    TextContent,
)
from promptops.formats.front_matter import front_matter
from promptops.formats.input_names import InputNames
from promptops.formats.languages.jinja import default_jinja, jinja_with
from promptops.formats.languages.mustache import mustache_with
from promptops.formats.markdown_images import with_images
from promptops.formats.parts import ExpressionPart, TagPart, TemplatePart, is_blank
from promptops.formats.plain_texts import identity
from promptops.formats.prompty_header import PromptyHeader
from promptops.formats.registry import ReadOptions
from promptops.formats.role_lines import RoleLines, has_role_lines
from promptops.formats.source_file import SourceFile
from promptops.model.prompt import MediaKind
from promptops.patterns import lazy_pattern

NAME = "prompty"
MARKS = "`.prompty`; a header with `model`, `inputs`, `sample`, `template` or `authors`, role lines"
RANK = 500

_ROLE_LINE = lazy_pattern(
    r"(?im)^[ \t]*(?:#[ \t]*)?(?:system|user|assistant|developer)[ \t]*:[ \t]*$"
)
_MEDIA: Mapping[str, MediaKind] = {"image": "image", "audio": "audio", "file": "document"}
"""The kinds of inputs of version 2 that are media, with the names of prompt files."""
_OWN = ("model", "inputs", "sample", "template", "authors")


def recognises(file: SourceFile) -> bool:
    """Whether it is such a file by its ending, or by its header and its role lines."""
    if file.suffix == ".prompty":
        return True
    if file.suffix not in (".md", ".txt", ".prompt"):
        return False
    front = front_matter(file)
    marked = any(key in front.value for key in _OWN)
    return marked and _ROLE_LINE.search(front.body.value) is not None


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """One prompt."""
    yield _Prompty(file, options).document()


class _Prompty:
    """One file."""

    def __init__(self, file: SourceFile, options: ReadOptions) -> None:
        self._file = file
        self._front = front_matter(file)
        self._header = PromptyHeader(self._front, file.shown)
        self._value = self._header.value
        self._options = options
        self._names = InputNames()

    def document(self) -> SourceDocument:
        """The prompt of the file."""
        inputs, required, rich = self._inputs()
        turns = tuple(self._turns(rich))
        samples = self._sample()
        return SourceDocument(
            id=identity(*self._file.path[: -len(self._file.suffix)].split("/")),
            format=f"{NAME} {self._header.version}",
            place=self._file.place(),
            fields=self._header.fields(),
            messages=turns,
            inputs=inputs,
            required=required,
            aliases=self._names.aliases,
            samples=(*(case.inputs for case in samples), *self._options.samples),
            lenient=True,
            cases=samples,
            losses=tuple(self._header.losses),
        )

    def _turns(self, rich: Mapping[str, str]) -> Iterator[SourceTurn]:
        found = self._language()(self._front.body, self._names)
        self._header.losses += found.losses
        last: Any = "text" if self._header.version == 1 else "role"
        roles = RoleLines(self._file.place, "system", last_line=last)
        if not has_role_lines(found.parts):
            yield from self._with_parts(self._message("system", found.parts), rich)
        else:
            for turn in roles.turns(found.parts):
                yield from self._with_parts(turn, rich)
        self._header.losses += roles.losses

    def _with_parts(self, turn: SourceTurn, rich: Mapping[str, str]) -> Iterator[SourceTurn]:
        """The turn with its conversations and media as Prompty places them.

        A conversation and each text after one are turns of their own; media go to the user's
        message before them, or to a new one.
        """
        if not isinstance(turn, SourceMessage) or len(turn.content) != 1:
            yield turn
            return
        content = turn.content[0]
        if not isinstance(content, TextContent):
            yield turn
            return
        self._refuse_in_tags(content.parts, rich)
        current: SourceMessage | None = None
        for piece in _split(content.parts, rich):
            if isinstance(piece, str) and rich[piece] in _MEDIA:
                media = MediaContent(kind=_MEDIA[rich[piece]], origin="input", value=piece)
                before = current.content if current is not None and current.role == "user" else ()
                if current is not None and not before:
                    yield current
                current = SourceMessage(role="user", content=(*before, media), when=turn.when)
                continue
            if isinstance(piece, tuple) and all(map(is_blank, piece)):
                continue
            if current is not None:
                yield current
            current = None
            if isinstance(piece, str):
                yield SourceHistory(source=piece)
            else:
                current = self._message(turn.role, piece, turn.when)
        if current is not None:
            yield current

    def _refuse_in_tags(self, parts: tuple[TemplatePart, ...], rich: Mapping[str, str]) -> None:
        depth = 0
        for part in parts:
            if isinstance(part, TagPart):
                depth += part.source.startswith(("if ", "for ")) - part.source.startswith("end")
            elif depth and isinstance(part, ExpressionPart) and part.source in rich:
                message = f"`{part.source}` in a condition or a loop is not carried"
                self._header.note("IMP105", message, "inputs", refuses=True)

    def _message(
        self, role: str, parts: tuple[TemplatePart, ...], when: str | None = None
    ) -> SourceMessage:
        content = (
            tuple(with_images(parts)) if self._header.version == 1 else (TextContent(parts=parts),)
        )
        return SourceMessage(role=role, content=content, when=when)

    def _language(self) -> Any:
        given = self._value.get("template")
        name = given.get("format", given.get("type")) if isinstance(given, Mapping) else given
        kind = name.get("kind") if isinstance(name, Mapping) else name
        if kind == "nunjucks":
            self._header.note(
                "IMP215", "the engine is named nunjucks: the text is read as Jinja", "template"
            )
        elif kind == "mustache":
            return mustache_with(self._options.sample)
        elif kind not in (None, "jinja2", "jinja", "none"):
            self._header.note(
                "IMP102", f"the template language `{kind}` is not read", "template", refuses=True
            )
        if self._is_promptflow():
            return jinja_with(trim_blocks=True, lstrip_blocks=False)
        return default_jinja

    def _is_promptflow(self) -> bool:
        """Whether promptflow runs it, with its own rules for white space."""
        inputs = self._value.get("inputs")
        declared = inputs.values() if isinstance(inputs, Mapping) else ()
        return any(isinstance(one, Mapping) and "is_chat_history" in one for one in declared)

    def _inputs(self) -> tuple[dict[str, Any], tuple[str, ...], dict[str, str]]:
        """The schemas, the names of the required inputs, and the kinds of those that are not text.

        These are conversations and, in version 2, media.
        """
        given = self._value.get("inputs")
        rows = named_rows(given)
        schemas: dict[str, Any] = {}
        required: list[str] = []
        rich: dict[str, str] = {}
        for old, value in rows:
            name = self._names.name(old)
            kind = str(value.get("kind")) if isinstance(value, Mapping) else ""
            if kind in _MEDIA and self._header.version == 2:
                rich[name] = kind
            if kind == "thread":
                rich[name] = kind
                self._header.note("IMP302", f"`{name}` is the caller's conversation", "inputs")
                continue
            schemas[name] = self._header.types.schema(old, value)
            if isinstance(value, Mapping) and value.get("required") is True:
                required.append(name)
        return schemas, tuple(required), rich

    def _sample(self) -> tuple[SourceCase, ...]:
        given = self._value.get("sample")
        if isinstance(given, str):
            given = self._sample_file(given)
        if not isinstance(given, Mapping) or not given:
            return ()
        inputs = {self._names.name(str(name)): value for name, value in given.items()}
        return (SourceCase(name="sample", inputs=inputs, place=self._header.place("sample")),)

    def _sample_file(self, written: str) -> Any:
        name = written.removeprefix("${file:").removesuffix("}")
        found = self._file.beside(name)
        if found is None:
            self._header.note("IMP113", f"the sample `{name}` is missing", "sample")
            return None
        try:
            return json.loads(found.text.value)
        except (ValueError, RecursionError):
            self._header.note("IMP113", f"the sample `{name}` is not JSON", "sample")
            return None


def _split(
    parts: tuple[TemplatePart, ...], rich: Collection[str]
) -> Iterator[tuple[TemplatePart, ...] | str]:
    """The parts between conversations and media that are printed, and the names of these."""
    current: list[TemplatePart] = []
    for part in parts:
        if isinstance(part, ExpressionPart) and part.source in rich:
            yield tuple(current)
            yield part.source
            current = []
        else:
            current.append(part)
    yield tuple(current)
