"""`.prompt` files of dotprompt: YAML header, Handlebars body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.formats.chat_messages import RoleLines, has_role_lines, text_content
from promptops.formats.document import (
    ExpressionPart,
    Loss,
    MediaContent,
    SourceDocument,
    SourceHistory,
    SourceMessage,
    SourceTurn,
    TagPart,
    TemplatePart,
    TextContent,
    include_tag,
    is_blank,
)
from promptops.formats.input_schema import NamedSchema, json_schema, with_defaults
from promptops.formats.languages.handlebars import MEDIA_MARK, Handlebars
from promptops.formats.model_fields import described, model_field
from promptops.formats.plain_texts import identity
from promptops.formats.source_file import ReadOptions, SourceFile, front_matter
from promptops.formats.translation import InputNames
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

NAME = "dotprompt"
MARKS = "`.prompt` with a header that has `model`, `input`, `config` or `output`, or Handlebars"
RANK = 510

_MARKS = lazy_pattern(
    r"\{\{~?\s*(?:role\s+[\"']|history|media\s|section\s|#if\s|#each\s|#unless\s|>\s*\w)"
)
_OWN = ("model", "input", "config", "output", "tools", "toolDefs")
_ROLE = lazy_pattern("\ue000role:([a-z]+)\ue001")
_ROLES = {"model": "assistant", "system": "system", "user": "user", "tool": "tool"}
_FORMATS = ("json", "array", "enum", "jsonl")
_KNOWN = frozenset((*_OWN, "name", "description", "metadata", "variant", "version"))


def recognises(file: SourceFile) -> bool:
    """Whether it is such a file by its header or its helpers."""
    if file.suffix not in (".prompt", ".hbs", ".handlebars", ".md", ".txt"):
        return False
    front = front_matter(file)
    if _MARKS.search(front.body.value):
        return True
    return file.suffix == ".prompt" and any(key in front.value for key in _OWN)


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """One prompt; a file whose name begins with `_` is a partial of others."""
    if file.name.startswith("_"):
        return
    yield _Reader(file, options).document()


class _Reader:
    def __init__(self, file: SourceFile, options: ReadOptions) -> None:
        self._file = file
        self._front = front_matter(file)
        self._options = options
        self._names = InputNames()
        self._losses: list[Loss] = list(self._front.losses)
        self._partials: dict[str, tuple[TemplatePart, ...]] = {}

    def document(self) -> SourceDocument:
        """The prompt of the file."""
        schema = with_defaults(self._schema())
        properties: Mapping[str, Any] = schema.get("properties", {})
        turns = tuple(self._turns(properties))
        given = self._section("input").get("default")
        defaults: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        inputs = {
            self._names.name(name): {
                **value,
                **({"default": defaults[name]} if name in defaults else {}),
            }
            for name, value in properties.items()
        }
        required = tuple(self._names.name(name) for name in schema.get("required", ()))
        return SourceDocument(
            id=identity(*self._steps()),
            format=NAME,
            place=self._file.place(),
            fields=self._fields(),
            messages=turns,
            inputs=inputs,
            required=tuple(name for name in required if "default" not in inputs.get(name, {})),
            aliases=self._names.aliases,
            samples=self._options.samples,
            lenient=True,
            partials=self._partials,
            losses=tuple(self._losses),
        )

    def _steps(self) -> list[str]:
        folders = self._file.path.split("/")[:-1]
        return [*folders, self._file.name.rsplit(".", 1)[0]]

    def _section(self, key: str) -> Mapping[str, Any]:
        found = self._front.value.get(key)
        return found if isinstance(found, Mapping) else {}

    def _schema(self) -> dict[str, Any]:
        section = self._section("input")
        for key in section:
            if key not in ("schema", "default"):
                self._note("IMP114", f"`input.{key}` is not carried", "/input")
        given = section.get("schema")
        if given is None:
            return {}
        try:
            found = json_schema(given)
        except NamedSchema as error:
            self._note("IMP117", f"the schema `{error}` is registered elsewhere", "/input")
            return {}
        if found.get("type") != "object":
            self._note("IMP118", "the input is not an object", "/input", refuses=True)
            return {}
        return found

    def _turns(self, properties: Mapping[str, Any]) -> Iterator[SourceTurn]:
        parts = self._parts(properties)
        if not has_role_lines(parts, _ROLE):
            yield from self._message("user", parts, None)
            return
        roles = RoleLines(self._file.place, "user", _ROLE)
        for turn in roles.turns(parts):
            if isinstance(turn, SourceMessage) and isinstance(turn.content[0], TextContent):
                yield from self._message(turn.role, turn.content[0].parts, turn.when)
            else:
                yield turn
        self._losses += roles.losses

    def _parts(self, properties: Mapping[str, Any]) -> tuple[TemplatePart, ...]:
        reader = Handlebars(self._front.body, self._names, properties=properties)
        found = reader.read()
        self._losses += found.losses
        for name in reader.partials:
            self._read_partial(name, properties)
        return tuple(self._included(part) for part in found.parts)

    def _included(self, part: TemplatePart) -> TemplatePart:
        tag = include_tag(part)
        return part if tag is None else tag.renamed(self._partial_path(tag.name))

    def _partial_path(self, name: str) -> str:
        folders = self._file.path.split("/")[:-1]
        return "/".join([*folders, "partials", f"{name}.md.j2"]).lower()

    def _read_partial(self, name: str, properties: Mapping[str, Any]) -> None:
        path = self._partial_path(name)
        if path in self._partials:
            return
        found = self._file.beside(f"_{name}.prompt")
        if found is None:
            self._note("IMP104", f"the partial `{name}` is missing", "", refuses=True)
            return
        inner = front_matter(found)
        reader = Handlebars(inner.body, self._names, properties=properties)
        read = reader.read()
        self._losses += read.losses
        if has_role_lines(read.parts, _ROLE) or any(_is_media(part) for part in read.parts):
            self._note("IMP101", f"the partial `{name}` has roles or images", "", refuses=True)
        self._partials[path] = tuple(self._included(part) for part in read.parts)
        for other in reader.partials:
            self._read_partial(other, properties)

    def _message(
        self, role: str, parts: tuple[TemplatePart, ...], when: str | None
    ) -> Iterator[SourceTurn]:
        if role == "history":
            self._note("IMP302", "`history` is the caller's conversation", "")
            yield SourceHistory(source=self._names.name("history"))
            rest = tuple(part for part in parts if not is_blank(part))
            if not rest:
                return
            role = "assistant"
        elif role not in _ROLES and role not in _ROLES.values():
            self._note("IMP101", f"the role `{role}` does not exist", "", refuses=True)
        content = tuple(self._content(parts))
        yield SourceMessage(role=_ROLES.get(role, role), content=content, when=when)

    def _content(self, parts: tuple[TemplatePart, ...]) -> Iterator[TextContent | MediaContent]:
        current: list[TemplatePart] = []
        depth = 0
        for part in parts:
            if isinstance(part, TagPart):
                depth += part.source.startswith(("if ", "for ")) - part.source.startswith("end")
            if not isinstance(part, ExpressionPart) or not _is_media(part):
                current.append(part)
                continue
            if depth:
                message = "an image in a condition or a loop is not carried"
                self._note("IMP105", message, "", refuses=True)
                continue
            yield from text_content(current)
            current = []
            yield _media(part)
        yield from text_content(current)

    def _fields(self) -> dict[str, Any]:
        value = self._front.value
        fields = described(value, title=("name",))
        if isinstance(value.get("metadata"), Mapping):
            fields["metadata"] = value["metadata"]

        def place(key: str) -> Place:
            return self._front.place(f"/config/{key}" if key else "/model", self._file.shown)

        config = self._section("config")
        fields |= model_field(value.get("model"), config, place, self._losses)
        return {**fields, **self._output(), **self._tools(), **self._others()}

    def _output(self) -> dict[str, Any]:
        given = self._section("output")
        for key in given:
            if key not in ("format", "schema"):
                self._note("IMP114", f"`output.{key}` is not carried", "/output")
        kind = given.get("format", "json" if "schema" in given else "text")
        if kind == "text":
            return {}
        if kind not in _FORMATS:
            self._note("IMP119", f"the output format `{kind}` is not carried", "/output")
            return {}
        if kind != "json":
            self._note("IMP119", f"the output format `{kind}` is read as JSON", "/output")
        try:
            schema = json_schema(given["schema"]) if "schema" in given else None
        except NamedSchema as error:
            self._note("IMP117", f"the schema `{error}` is registered elsewhere", "/output")
            schema = None
        return {"output": {"format": "json", **({"schema": schema} if schema else {})}}

    def _tools(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if self._front.value.get("tools"):
            fields["x-dotprompt-tools"] = self._front.value["tools"]
            message = "tools are named, and defined in code: kept as `x-dotprompt-tools`"
            self._note("IMP106", message, "/tools")
        listed = self._front.value.get("toolDefs")
        rows = listed if isinstance(listed, list) else ()
        found = [tool for row in rows if (tool := self._tool(row)) is not None]
        return {**fields, **({"tools": found} if found else {})}

    def _tool(self, row: Any) -> dict[str, Any] | None:
        if not isinstance(row, Mapping) or not isinstance(row.get("name"), str):
            self._note("IMP106", "a tool without a name is not carried", "/toolDefs")
            return None
        kept = {key: row[key] for key in ("name", "description") if key in row}
        given = row.get("inputSchema", row.get("parameters"))
        try:
            schema = json_schema(given)
        except NamedSchema as error:
            self._note("IMP117", f"the schema `{error}` is registered elsewhere", "/toolDefs")
            schema = {}
        return {**kept, "parameters": schema or {"type": "object"}}

    def _others(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for key, value in self._front.value.items():
            if key not in _KNOWN:
                name = f"x-dotprompt-{str(key).replace('.', '-')}"
                fields[name] = value
                self._note("IMP202", f"`{key}` is kept as `{name}`", f"/{key}")
        return fields

    def _note(self, code: str, message: str, pointer: str, *, refuses: bool = False) -> None:
        place = self._front.place(pointer, self._file.shown) if pointer else self._file.place()
        loss = Loss(code=code, message=message, place=place, refuses=refuses)
        if loss not in self._losses:
            self._losses.append(loss)


def _media(part: ExpressionPart) -> MediaContent:
    kind, _, source = part.source.removeprefix(MEDIA_MARK).partition(":")
    return MediaContent(kind="image", origin="url" if kind == "string" else "input", value=source)


def _is_media(part: TemplatePart) -> bool:
    return isinstance(part, ExpressionPart) and part.source.startswith(MEDIA_MARK)
