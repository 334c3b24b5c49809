"""Prompty files, versions 1 and 2."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from promptops.formats.declared_types import DeclaredTypes, named_rows
from promptops.formats.described_fields import described
from promptops.formats.document import (
    Loss,
    SourceCase,
    SourceDocument,
    SourceHistory,
    SourceMessage,
    SourceTurn,
    TextContent,
)
from promptops.formats.front_matter import FrontMatter, front_matter
from promptops.formats.input_names import InputNames
from promptops.formats.languages.jinja import default_jinja, jinja_with
from promptops.formats.markdown_images import with_images
from promptops.formats.model_fields import model_field
from promptops.formats.parts import ExpressionPart, TemplatePart, is_blank
from promptops.formats.plain_texts import identity
from promptops.formats.registry import ReadOptions
from promptops.formats.request_fields import output_field, tools_field
from promptops.formats.role_lines import RoleLines, has_role_lines
from promptops.formats.source_file import SourceFile
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

NAME = "prompty"
MARKS = "`.prompty`; a header with `model`, `inputs`, `sample`, `template` or `authors`, role lines"
RANK = 500

_ROLE_LINE = lazy_pattern(
    r"(?im)^[ \t]*(?:#[ \t]*)?(?:system|user|assistant|developer)[ \t]*:[ \t]*$"
)
_OWN = ("model", "inputs", "sample", "template", "authors")
_KNOWN = frozenset(
    str.split(
        "name displayName description authors tags version metadata model inputs sample outputs"
        " tools template instructions base"
    )
)
_CONNECTION = frozenset(
    str.split(
        "azure_endpoint api_key api_version base_url endpoint organization connection"
        " azure_ad_token key authentication"
    )
)


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
        self._front: FrontMatter = front_matter(file)
        self._value = self._front.value
        self._options = options
        self._names = InputNames()
        self._losses: list[Loss] = list(self._front.losses)
        self._types = DeclaredTypes(self._note_type)
        self._version = 1 if _is_first_version(self._value) else 2

    def document(self) -> SourceDocument:
        """The prompt of the file."""
        inputs, required, histories = self._inputs()
        turns = tuple(self._turns(histories))
        samples = self._sample()
        return SourceDocument(
            id=identity(*self._file.path[: -len(self._file.suffix)].split("/")),
            format=f"{NAME} {self._version}",
            place=self._file.place(),
            fields=self._fields(),
            messages=turns,
            inputs=inputs,
            required=required,
            aliases=self._names.aliases,
            samples=(*(case.inputs for case in samples), *self._options.samples),
            lenient=True,
            cases=samples,
            losses=tuple(self._losses),
        )

    def _turns(self, histories: tuple[str, ...]) -> Iterator[SourceTurn]:
        found = self._language()(self._front.body, self._names)
        self._losses += found.losses
        last: Any = "text" if self._version == 1 else "role"
        roles = RoleLines(self._file.place, "system", last_line=last)
        if not has_role_lines(found.parts):
            alone = self._message("system", found.parts)
            yield from self._with_parts(alone, histories)
        else:
            for turn in roles.turns(found.parts):
                yield from self._with_parts(turn, histories)
        self._losses += roles.losses

    def _with_parts(self, turn: SourceTurn, histories: tuple[str, ...]) -> Iterator[SourceTurn]:
        """The turn with its images as parts; a message that only prints a thread is a history."""
        if not isinstance(turn, SourceMessage) or len(turn.content) != 1:
            yield turn
            return
        content = turn.content[0]
        if not isinstance(content, TextContent):
            yield turn
            return
        for piece in _split(content.parts, histories):
            if isinstance(piece, str):
                yield SourceHistory(source=piece)
            elif any(not is_blank(part) for part in piece):
                yield self._message(turn.role, piece, turn.when)

    def _message(
        self, role: str, parts: tuple[TemplatePart, ...], when: str | None = None
    ) -> SourceMessage:
        content = tuple(with_images(parts)) if self._version == 1 else (TextContent(parts=parts),)
        return SourceMessage(role=role, content=content, when=when)

    def _language(self) -> Any:
        given = self._value.get("template")
        name = given.get("format", given.get("type")) if isinstance(given, Mapping) else given
        kind = name.get("kind") if isinstance(name, Mapping) else name
        if kind == "nunjucks":
            self._note(
                "IMP215", "the engine is named nunjucks: the text is read as Jinja", "template"
            )
        elif kind not in (None, "jinja2", "jinja", "none"):
            self._note(
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

    def _inputs(self) -> tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]:
        """The schemas, the names of the required inputs, and those that are conversations."""
        given = self._value.get("inputs")
        rows = named_rows(given)
        schemas: dict[str, Any] = {}
        required: list[str] = []
        histories: list[str] = []
        for old, value in rows:
            name = self._names.name(old)
            if isinstance(value, Mapping) and value.get("kind") == "thread":
                histories.append(name)
                self._note("IMP302", f"`{name}` is the caller's conversation", "inputs")
                continue
            schemas[name] = self._types.schema(old, value)
            if isinstance(value, Mapping) and value.get("required") is True:
                required.append(name)
        return schemas, tuple(required), tuple(histories)

    def _sample(self) -> tuple[SourceCase, ...]:
        given = self._value.get("sample")
        if isinstance(given, str):
            given = self._sample_file(given)
        if not isinstance(given, Mapping) or not given:
            return ()
        inputs = {self._names.name(str(name)): value for name, value in given.items()}
        return (SourceCase(name="sample", inputs=inputs, place=self._place("sample")),)

    def _sample_file(self, written: str) -> Any:
        name = written.removeprefix("${file:").removesuffix("}")
        found = self._file.beside(name)
        if found is None:
            self._note("IMP113", f"the sample `{name}` is missing", "sample")
            return None
        try:
            return json.loads(found.text.value)
        except (ValueError, RecursionError):
            self._note("IMP113", f"the sample `{name}` is not JSON", "sample")
            return None

    def _fields(self) -> dict[str, Any]:
        value = self._value
        given = value.get("metadata")
        inner: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        of_both = {key: inner[key] for key in ("authors", "tags") if key in inner} | value
        titles = ("displayName", "name")
        fields = described(of_both, title=titles, owners=("authors",), tags=("tags",))
        metadata = {str(k): v for k, v in inner.items() if k not in ("authors", "tags")}
        if "version" in value:
            metadata["version"] = value["version"]
        if metadata:
            fields["metadata"] = metadata
        return {**fields, **self._model(), **self._outputs(), **self._others()}

    def _model(self) -> dict[str, Any]:
        given = self._value.get("model")
        if isinstance(given, str):
            return model_field(given, {}, lambda _key: self._place("model"), self._losses)
        if not isinstance(given, Mapping):
            return {}
        configuration = given.get("configuration")
        config: Mapping[str, Any] = configuration if isinstance(configuration, Mapping) else {}
        parameters = given.get("parameters", given.get("options"))
        params = dict(parameters) if isinstance(parameters, Mapping) else {}
        extra = params.pop("additionalProperties", {})
        params |= extra if isinstance(extra, Mapping) else {}
        self._note_connections({**given, **config})
        if given.get("api", given.get("apiType", "chat")) != "chat":
            self._note("IMP112", "only chat requests are carried", "model")
        names = ("azure_deployment", "model", "name")
        name = given.get("id") or next((config[one] for one in names if config.get(one)), None)
        kind = given.get("provider", config.get("type"))
        provider = str(kind) if isinstance(kind, str) else None
        place = self._place
        fields: dict[str, Any] = {}
        fields |= output_field(params, lambda _key: place("model"), self._losses)
        fields |= tools_field(params, lambda _key: place("model"), self._losses)
        plain = {
            k: v for k, v in params.items() if k not in ("response_format", "tools", "tool_choice")
        }
        model = model_field(name, plain, lambda _key: place("model"), self._losses, provider)
        return {**model, **fields}

    def _note_connections(self, given: Mapping[str, Any]) -> None:
        for key in given:
            if key in _CONNECTION:
                self._note("IMP111", f"connection settings are not carried: `{key}`", "model")

    def _outputs(self) -> dict[str, Any]:
        given = self._value.get("outputs")
        if isinstance(given, list):
            given = {str(one.get("name")): one for one in given if isinstance(one, Mapping)}
        if not isinstance(given, Mapping) or not given:
            return {}
        if self._version == 1:
            self._note("IMP214", "nothing enforced `outputs` there", "outputs")
        properties = {
            str(name): self._types.schema(str(name), value) for name, value in given.items()
        }
        schema = {"type": "object", "required": list(properties), "properties": properties}
        return {"output": {"format": "json", "schema": schema}}

    def _others(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        listed = self._value.get("tools")
        tools = []
        for tool in listed if isinstance(listed, list) else ():
            if isinstance(tool, Mapping) and tool.get("kind") == "function" and "name" in tool:
                kept = ("name", "description", "parameters", "strict")
                tools.append({key: tool[key] for key in kept if key in tool})
            else:
                self._note("IMP106", "a tool that is not a function is not carried", "tools")
        if tools:
            fields["tools"] = tools
        for key, value in self._value.items():
            if key not in _KNOWN:
                fields[f"x-prompty-{key}"] = value
                self._note("IMP202", f"`{key}` is kept as `x-prompty-{key}`", str(key))
        return fields

    def _place(self, key: str) -> Place:
        return self._front.place(f"/{key}", self._file.shown)

    def _note_type(self, message: str) -> None:
        self._note("IMP206", message, "inputs")

    def _note(self, code: str, message: str, key: str, *, refuses: bool = False) -> None:
        loss = Loss(code=code, message=message, place=self._place(key), refuses=refuses)
        self._losses.append(loss)


def _is_first_version(value: Mapping[str, Any]) -> bool:
    model = value.get("model")
    of_model = isinstance(model, Mapping) and ("configuration" in model or "parameters" in model)
    plain = isinstance(value.get("template"), str)
    return (
        of_model
        or "sample" in value
        or "authors" in value
        or plain
        or isinstance(value.get("inputs"), Mapping)
    )


def _split(
    parts: tuple[TemplatePart, ...], histories: tuple[str, ...]
) -> Iterator[tuple[TemplatePart, ...] | str]:
    """The parts between conversations that are printed, and the names of these conversations."""
    current: list[TemplatePart] = []
    for part in parts:
        if isinstance(part, ExpressionPart) and part.source in histories:
            yield tuple(current)
            yield part.source
            current = []
        else:
            current.append(part)
    yield tuple(current)
