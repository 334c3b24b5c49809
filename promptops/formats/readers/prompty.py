"""Prompty files, versions 1 and 2."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from promptops.formats.chat_messages import RoleLines, has_role_lines, with_images
from promptops.formats.document import (
    ExpressionPart,
    Loss,
    MediaContent,
    SourceCase,
    SourceDocument,
    SourceHistory,
    SourceMessage,
    SourceTurn,
    TagPart,
    TemplatePart,
    TextContent,
    is_blank,
)
from promptops.formats.input_schema import DeclaredTypes, named_rows, nullable
from promptops.formats.languages.jinja import default_jinja, jinja_with
from promptops.formats.languages.mustache import mustache_with
from promptops.formats.model_fields import described, model_field, output_field, tools_field
from promptops.formats.plain_texts import identity
from promptops.formats.source_file import FrontMatter, ReadOptions, SourceFile, front_matter
from promptops.formats.translation import InputNames
from promptops.model.place import Place
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


# The header of a Prompty file: what a prompt file has outside of its messages and inputs.

_KNOWN = frozenset(
    str.split(
        "name displayName description authors tags version metadata model inputs sample outputs"
        " tools template instructions base"
    )
)
_OF_SECOND_MODEL = frozenset(("id", "options", "connection", "apiType", "provider"))
"""Keys of `model` that version 1 does not have."""
_CONNECTION = frozenset(
    str.split(
        "azure_endpoint api_key api_version base_url endpoint organization connection"
        " azure_ad_token key authentication"
    )
)


class PromptyHeader:
    """The header of one file.

    Attributes:
        value: The header as a mapping.
        types: Of declared inputs and outputs; a type that is not known is an IMP206.
        version: 1 or 2.
        losses: Those of the header so far, in their order.
    """

    def __init__(self, front: FrontMatter, shown: str) -> None:
        self.value: Mapping[str, Any] = front.value
        self.types = DeclaredTypes(self._note_type)
        self.version = 1 if _is_first_version(front.value) else 2
        self.losses: list[Loss] = list(front.losses)
        self._front = front
        self._shown = shown

    def fields(self) -> dict[str, Any]:
        """The keys of the prompt file: title, owners, model, output, tools and others."""
        value = self.value
        given = value.get("metadata")
        inner: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        of_both = {key: inner[key] for key in ("authors", "tags") if key in inner} | dict(value)
        titles = ("displayName", "name")
        fields = described(of_both, title=titles, owners=("authors",), tags=("tags",))
        metadata = {str(k): v for k, v in inner.items() if k not in ("authors", "tags")}
        if "version" in value:
            metadata["version"] = value["version"]
        if metadata:
            fields["metadata"] = metadata
        return {**fields, **self._model(), **self._outputs(), **self._others()}

    def _model(self) -> dict[str, Any]:
        given = self.value.get("model")
        if isinstance(given, str):
            return model_field(given, {}, lambda _key: self.place("model"), self.losses)
        if not isinstance(given, Mapping):
            return {}
        configuration = given.get("configuration")
        config: Mapping[str, Any] = configuration if isinstance(configuration, Mapping) else {}
        parameters = given.get("parameters", given.get("options"))
        params = dict(parameters) if isinstance(parameters, Mapping) else {}
        extra = params.pop("additionalProperties", {})
        params |= extra if isinstance(extra, Mapping) else {}
        if "topK" in params:
            params["top_k"] = params.pop("topK")
        self._note_connections({**given, **config})
        if given.get("api", given.get("apiType", "chat")) != "chat":
            self.note("IMP112", "only chat requests are carried", "model")
        names = ("azure_deployment", "model", "name")
        name = given.get("id") or next((config[one] for one in names if config.get(one)), None)
        kind = given.get("provider", config.get("type"))
        provider = str(kind) if isinstance(kind, str) else None
        place = self.place
        fields: dict[str, Any] = {}
        listed = params.get("tools")
        if isinstance(listed, list):
            params["tools"] = [self._of_openai(one) for one in listed]
        fields |= output_field(params, lambda _key: place("model"), self.losses)
        fields |= tools_field(params, lambda _key: place("model"), self.losses)
        plain = {
            k: v for k, v in params.items() if k not in ("response_format", "tools", "tool_choice")
        }
        model = model_field(name, plain, lambda _key: place("model"), self.losses, provider)
        return {**model, **fields}

    def _note_connections(self, given: Mapping[str, Any]) -> None:
        for key in given:
            if key in _CONNECTION:
                self.note("IMP111", f"connection settings are not carried: `{key}`", "model")

    def _outputs(self) -> dict[str, Any]:
        given = self.value.get("outputs")
        if isinstance(given, list):
            given = {str(one.get("name")): one for one in given if isinstance(one, Mapping)}
        if not isinstance(given, Mapping) or not given:
            return {}
        if self.version == 1:
            self.note("IMP214", "Prompty 1 did not enforce `outputs`; promptops does", "outputs")
        properties = {
            str(name): self.types.schema(str(name), value) for name, value in given.items()
        }
        schema = {"type": "object", "required": list(properties), "properties": properties}
        return {"output": {"format": "json", "schema": schema}}

    def _others(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        listed = self.value.get("tools")
        rows = listed if isinstance(listed, list) else named_rows(listed)
        tools = [tool for row in rows if (tool := self._tool(row)) is not None]
        if tools:
            fields["tools"] = tools
        for key, value in self.value.items():
            if key not in _KNOWN:
                fields[f"x-prompty-{key}"] = value
                self.note("IMP202", f"`{key}` is kept as `x-prompty-{key}`", str(key))
        return fields

    def _tool(self, row: Any) -> dict[str, Any] | None:
        """A function with the parameters that the model fills in; None for another tool.

        Args:
            row: The tool, or its name and the rest of it.
        """
        name, given = row if isinstance(row, tuple) else (None, row)
        tool: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        name = tool.get("name", name)
        if tool.get("kind") != "function" or not name:
            self.note("IMP106", "a tool that is not a function is not carried", "tools")
            return None
        found: dict[str, Any] = {"name": str(name)}
        if tool.get("description"):
            found["description"] = tool["description"]
        if tool.get("strict") is True:
            found["strict"] = True
        if tool.get("parameters") is not None:
            schema = self.types.parameters(str(name), tool["parameters"])
            found["parameters"] = self._unbound(
                _strict(schema) if "strict" in found else schema, tool
            )
        return found

    def _unbound(self, schema: dict[str, Any], tool: Mapping[str, Any]) -> dict[str, Any]:
        """The schema without the parameters that Prompty fills in with inputs."""
        properties = schema.get("properties", {})
        bound = [key for key, _ in named_rows(tool.get("bindings")) if key in properties]
        if not bound:
            return schema
        names = ", ".join(f"`{key}`" for key in bound)
        message = f"bindings are not carried: your code passes {names} to the tool"
        self.note("IMP106", message, "tools")
        kept = {key: one for key, one in properties.items() if key not in bound}
        required = [key for key in schema.get("required", ()) if key not in bound]
        others = {key: one for key, one in schema.items() if key not in ("properties", "required")}
        return {**others, **({"required": required} if required else {}), "properties": kept}

    def _of_openai(self, tool: Any) -> Any:
        """A tool of a request of version 1 with its parameters as JSON Schema."""
        if not isinstance(tool, Mapping) or tool.get("kind") != "function":
            return tool
        schema = self.types.parameters(str(tool.get("name")), tool.get("parameters"))
        return {**tool, "parameters": schema}

    def place(self, key: str) -> Place:
        """The place of a key."""
        return self._front.place(f"/{key}", self._shown)

    def _note_type(self, message: str) -> None:
        self.note("IMP206", message, "inputs")

    def note(self, code: str, message: str, key: str, *, refuses: bool = False) -> None:
        """Report a loss at a key."""
        loss = Loss(code=code, message=message, place=self.place(key), refuses=refuses)
        self.losses.append(loss)


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as Prompty sends it for a strict function: all is required, or may be null."""
    found = dict(schema)
    if isinstance(found.get("items"), Mapping):
        found["items"] = _strict(found["items"])
    if found.get("type") == "object":
        required = found.get("required", ())
        inner = {name: _strict(one) for name, one in found.get("properties", {}).items()}
        found["required"] = list(inner)
        found["properties"] = {
            name: one if name in required else nullable(one) for name, one in inner.items()
        }
        found["additionalProperties"] = False
    return found


def _is_first_version(value: Mapping[str, Any]) -> bool:
    model = value.get("model")
    of_model = isinstance(model, Mapping) and ("configuration" in model or "parameters" in model)
    plain = isinstance(value.get("template"), str)
    if of_model or plain or "sample" in value or "authors" in value:
        return True
    return isinstance(value.get("inputs"), Mapping) and not _has_marks_of_second(value)


def _has_marks_of_second(value: Mapping[str, Any]) -> bool:
    """Whether a header has what only version 2 has; both versions have inputs as a mapping."""
    model = value.get("model")
    of_model = isinstance(model, Mapping) and not _OF_SECOND_MODEL.isdisjoint(model)
    declared = (one for _, one in named_rows(value.get("inputs")) if isinstance(one, Mapping))
    return (
        of_model
        or isinstance(value.get("template"), Mapping)
        or any("kind" in one for one in declared)
    )
