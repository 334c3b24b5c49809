"""Prompts of Semantic Kernel: `skprompt.txt` with its `config.json`, and YAML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import unescape
from typing import Any

from promptops.formats.document import (
    ExpressionPart,
    Loss,
    SourceDocument,
    SourceMessage,
    TemplatePart,
    TextPart,
)
from promptops.formats.input_schema import sampled
from promptops.formats.languages.handlebars import Handlebars, TagLosses
from promptops.formats.languages.jinja import default_jinja
from promptops.formats.model_fields import PARAMETERS, described, model_field, output_field
from promptops.formats.plain_texts import identity, parts_message, stem_steps
from promptops.formats.source_file import ReadOptions, SourceFile, other_format
from promptops.formats.translation import InputNames, Translate, Translation
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern

NAME = "semantic-kernel"
MARKS = "`skprompt.txt`; YAML with `template` and `template_format` or `execution_settings`"
RANK = 395

_FILE = "skprompt.txt"
_MARKS = ("template_format", "execution_settings")
_OF_TOOLS = ("function_choice_behavior", "tool_call_behavior", "tools", "tool_choice")
_KNOWN = frozenset(
    str.split(
        "schema type name description template template_format input input_variables"
        " output_variable execution_settings completion models allow_dangerously_set_content"
    )
)
_OF_REQUEST = frozenset(("model_id", "service_id", "response_format", "text", *_OF_TOOLS))
"""Settings that are read, and the name of the service that they are for."""
_ZERO_IS_DEFAULT = ("top_p", "presence_penalty", "frequency_penalty")


def recognises(file: SourceFile) -> bool:
    """Whether it is such a text, or YAML with its keys."""
    if file.name == _FILE:
        return True
    return file.suffix in (".yaml", ".yml") and _is_function(file.yaml.value)


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """One prompt."""
    if file.name != _FILE and not _is_function(file.yaml.value):
        yield other_format(file, NAME, MARKS)
        return
    yield _Reader(file, options).document()


def _is_function(value: Any) -> bool:
    if not isinstance(value, Mapping) or not isinstance(value.get("template"), str):
        return False
    variables = value.get("input_variables")
    listed = isinstance(variables, list) and any(isinstance(one, Mapping) for one in variables)
    return listed or ("_type" not in value and any(key in value for key in _MARKS))


class _Reader:
    def __init__(self, file: SourceFile, options: ReadOptions) -> None:
        self._file = file
        self._options = options
        self._names = InputNames()
        self._losses: list[Loss] = []
        self._text = file.text if file.name == _FILE else file.yaml.template("/template")
        self._config = self._configuration()

    def document(self) -> SourceDocument:
        """The prompt of the file."""
        language = self._language()
        messages = tuple(kernel_messages(self._text, language, self._names, self._losses))
        rows = self._variables()
        inputs = {self._names.name(str(row["name"])): _schema(row) for row in rows}
        if inputs and not self._config.get("allow_dangerously_set_content"):
            message = "Semantic Kernel escapes HTML in the values of inputs, promptops does not"
            self._note("IMP210", message, "input_variables")
        required = (self._names.name(str(row["name"])) for row in rows if row.get("is_required"))
        return SourceDocument(
            id=identity(*self._steps()),
            format=NAME,
            place=self._file.place(),
            fields=self._fields(),
            messages=messages,
            inputs=inputs,
            required=tuple(name for name in required if "default" not in inputs[name]),
            aliases=self._names.aliases,
            samples=self._options.samples,
            lenient=True,
            losses=tuple(self._losses),
        )

    def _configuration(self) -> Mapping[str, Any]:
        if self._file.name != _FILE:
            found = self._file.yaml.value
        else:
            beside = self._file.beside("config.json")
            found = beside.json.value if beside is not None else None
        return found if isinstance(found, Mapping) else {}

    def _steps(self) -> Sequence[str]:
        steps = stem_steps(self._file.path)
        return steps[:-1] if self._file.name == _FILE and len(steps) > 1 else steps

    def _language(self) -> Translate:
        name = self._config.get("template_format", "semantic-kernel")
        if name == "handlebars":
            return self._handlebars
        if name == "jinja2":
            return default_jinja
        if name != "semantic-kernel":
            self._note(
                "IMP102",
                f"the template language `{name}` is not read",
                "template_format",
                refuses=True,
            )
        return semantic_kernel

    def _handlebars(self, text: Text, names: InputNames) -> Translation:
        return Handlebars(text, names, properties={}).read()

    def _variables(self) -> list[Mapping[str, Any]]:
        older = self._config.get("input")
        listed = older.get("parameters") if isinstance(older, Mapping) else None
        rows = self._config.get("input_variables", listed)
        return [
            row
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, Mapping) and isinstance(row.get("name"), str)
        ]

    def _fields(self) -> dict[str, Any]:
        fields = described(self._config, title=("name",))
        settings = self._settings()
        for key in _OF_TOOLS:
            if settings.get(key):
                self._note("IMP106", f"`{key}` is not carried", "execution_settings")
        for key in settings:
            if key not in PARAMETERS and key not in _OF_REQUEST and not _is_usual(settings, key):
                self._note("IMP114", f"`{key}` is not carried", "execution_settings")
        given = {key: value for key, value in settings.items() if key in PARAMETERS}
        for key in _ZERO_IS_DEFAULT:
            if given.get(key) == 0:
                del given[key]
                message = f"`{key}: 0` means the default: it is left out"
                self._note("IMP205", message, "execution_settings")
        fields |= model_field(settings.get("model_id"), given, self._of_settings, self._losses)
        fields |= output_field(settings, self._of_settings, self._losses)
        return {**fields, **self._output(), **self._others()}

    def _others(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in self._config.items():
            if key not in _KNOWN:
                name = f"x-semantic-kernel-{key}"
                found[name] = value
                self._note("IMP202", f"`{key}` is kept as `{name}`", str(key))
        return found

    def _settings(self) -> Mapping[str, Any]:
        keys = ("execution_settings", "completion", "models")
        given = next((self._config[key] for key in keys if key in self._config), None)
        if isinstance(given, list):
            given = {str(at): one for at, one in enumerate(given)}
        if not isinstance(given, Mapping):
            return {}
        services = {name: one for name, one in given.items() if isinstance(one, Mapping)}
        if not services:
            return given
        chosen = "default" if "default" in services else next(iter(services))
        if len(services) > 1:
            message = f"of several settings, those of `{chosen}` are carried"
            self._note("IMP114", message, "execution_settings")
        return services[chosen]

    def _output(self) -> dict[str, Any]:
        given = self._config.get("output_variable")
        if not isinstance(given, Mapping):
            return {}
        schema = _parsed(given.get("json_schema"))
        if schema:
            return {"output": {"format": "json", "schema": schema}}
        self._note("IMP119", "an output without a schema is not carried", "output_variable")
        return {}

    def _of_settings(self, _key: str) -> Place:
        return self._place("execution_settings")

    def _place(self, key: str) -> Place:
        if self._file.name == _FILE or not key:
            return self._file.place()
        return self._file.yaml.place(f"/{key}", True)

    def _note(self, code: str, message: str, key: str, *, refuses: bool = False) -> None:
        loss = Loss(code=code, message=message, place=self._place(key), refuses=refuses)
        self._losses.append(loss)


def _is_usual(settings: Mapping[str, Any], key: str) -> bool:
    """Whether a setting has the value that applies without it: nothing, or one answer."""
    return settings[key] in (None, [], {}) or (
        key in ("number_of_responses", "results_per_prompt") and settings[key] == 1
    )


def _schema(row: Mapping[str, Any]) -> dict[str, Any]:
    default = row.get("default", row.get("defaultValue"))
    other = sampled(default).get("type", "string") if default is not None else "string"
    kinds = "string" if other == "string" else ["string", other]
    schema = dict(_parsed(row.get("json_schema")) or {"type": kinds})
    if isinstance(row.get("description"), str) and row["description"]:
        schema["description"] = row["description"]
    return schema if default in (None, "") else {**schema, "default": default}


def _parsed(schema: Any) -> Mapping[str, Any]:
    """A JSON Schema that is written as an object or as its text; {} for anything else."""
    try:
        found = json.loads(schema) if isinstance(schema, str) else schema
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, Mapping) else {}


# `<message role="…">` in the templates of Semantic Kernel.

_OPENING, _CLOSING = "<message", "</message>"
_ROLE = lazy_pattern(r"\brole\s*=\s*[\"'](\w+)[\"']")
_ROLES = {"ai": "assistant", **{one: one for one in ("system", "developer", "user", "assistant")}}


def kernel_messages(
    text: Text, language: Translate, names: InputNames, losses: list[Loss]
) -> Iterator[SourceMessage]:
    """The messages of a template; without such elements, one of the user."""
    elements = list(_elements(text.value))
    if not elements:
        found = language(text, names)
        losses += found.losses
        yield parts_message("user", found.parts)
        return
    if _outside(text.value, elements).strip():
        message = "text or tags outside of the messages are not read"
        losses.append(Loss(code="IMP101", message=message, place=text.place(0), refuses=True))
    for begin, start, end in elements:
        inner = Text(text.path, text.value[start:end], _locate(text, start))
        found = language(inner, names)
        losses += found.losses
        role = _role(text, begin, start, losses)
        yield parts_message(role, tuple(map(_decoded, found.parts)))


def _elements(text: str) -> Iterator[tuple[int, int, int]]:
    """The offsets of each element, of its content, and of the end of its content."""
    begin = text.find(_OPENING)
    while begin >= 0:
        start = text.find(">", begin) + 1
        end = text.find(_CLOSING, start)
        if start == 0 or end < 0:
            return
        yield begin, start, end
        begin = text.find(_OPENING, end)


def _outside(text: str, elements: list[tuple[int, int, int]]) -> str:
    position, pieces = 0, []
    for begin, _, end in elements:
        pieces.append(text[position:begin])
        position = end + len(_CLOSING)
    return "".join([*pieces, text[position:]])


def _role(text: Text, begin: int, start: int, losses: list[Loss]) -> str:
    attributes = text.value[begin + len(_OPENING) : start - 1]
    match = _ROLE.search(attributes)
    role = _ROLES.get(match[1].lower()) if match is not None else None
    place = text.place(begin, start)
    if role is None:
        message = "a message has no role that is known"
        losses.append(Loss(code="IMP101", message=message, place=place, refuses=True))
    if _ROLE.sub("", attributes).strip():
        message = "other attributes of a message are not carried"
        losses.append(Loss(code="IMP114", message=message, place=place))
    return role or "user"


def _locate(text: Text, start: int) -> Callable[[int], tuple[int, int]]:
    return lambda offset: text.locate(start + offset)


def _decoded(part: TemplatePart) -> TemplatePart:
    return TextPart(unescape(part.text)) if isinstance(part, TextPart) else part


# The template language of Semantic Kernel: `{{$name}}`, `{{"text"}}`, and calls of functions.

_TAG = lazy_pattern(r"\{\{([^{}]*)\}\}")
_NAME = lazy_pattern(r"\$([A-Za-z_]\w*)")
_TEXT = lazy_pattern(r"'([^'\\]*)'|\"([^\"\\]*)\"")


def semantic_kernel(text: Text, names: InputNames) -> Translation:
    """The parts; a call of a function refuses the prompt: IMP103."""
    losses = TagLosses(text)
    parts: list[TemplatePart] = []
    position = 0
    for tag in _TAG.finditer(text.value):
        parts.append(TextPart(text.value[position : tag.start()]))
        position = tag.end()
        inner = tag[1].strip()
        name, constant = _NAME.fullmatch(inner), _TEXT.fullmatch(inner)
        if name is not None:
            parts.append(ExpressionPart(names.name(name[1])))
        elif constant is not None:
            parts.append(TextPart(constant[1] or constant[2] or ""))
        else:
            losses.lost("IMP103", f"`{inner[:40]}` calls a function", tag.start())
    parts.append(TextPart(text.value[position:]))
    return Translation(parts=tuple(parts), losses=tuple(losses.found))
