"""Keys, endpoints and connection settings in what a reader carries: they are never copied."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import Loss, SourceDocument
from promptops.model.place import Place
from promptops.model.prompt import provider_name
from promptops.patterns import lazy_pattern
from promptops.records import record, replace

_NAME = (
    r"(?:api[-_]?(?:key|base|base[-_]?url)|(?:access|secret|private)[-_]?key|secret"
    r"|password|passwd|bearer|(?:auth|access|api)[-_]?token|authori[sz]ation|credentials?"
    r"|connection(?:[-_]?string)?|endpoint|base[-_]?url|organi[sz]ation(?:[-_]?id)?)"
)
_CONNECTION = lazy_pattern(rf".*{_NAME}", re.IGNORECASE)
_ASSIGNED = lazy_pattern(rf"{_NAME}[\"']?\s*[:=]", re.IGNORECASE)
_FREE = ("metadata",)
"""Keys of a prompt file whose values a reader takes from its source as they are; and `x-…`."""


def without_connections(document: SourceDocument) -> SourceDocument:
    """The document without such keys in `metadata`, `x-…` and the options of a provider.

    Each is an IMP111.
    """
    removed: list[str] = []
    fields = dict(_cleaned_fields(document.fields, removed))
    if not removed:
        return document
    kept = [loss for loss in document.losses if _removed_key(loss, removed) is None]
    places = {_removed_key(loss, removed): loss.place for loss in document.losses}
    lost = (_lost(name, places.get(name, document.place)) for name in dict.fromkeys(removed))
    return replace(document, fields=fields, losses=(*kept, *lost))


def _removed_key(loss: Loss, removed: Sequence[str]) -> str | None:
    """The removed key of which a loss reports that it is kept."""
    if loss.code not in ("IMP202", "IMP203"):
        return None
    return next((name for name in removed if loss.message.startswith(f"`{name}`")), None)


def _lost(name: str, place: Place) -> Loss:
    message = f"connection settings are not carried: `{name}`"
    return Loss(code="IMP111", message=message, place=place)


def names_connection(line: str) -> bool:
    """Whether a line of a source assigns a connection setting."""
    return _ASSIGNED.search(line) is not None


def _cleaned_fields(fields: Mapping[str, Any], removed: list[str]) -> Iterator[tuple[str, Any]]:
    for key, value in fields.items():
        if key == "model" and isinstance(value, Mapping) and "provider_options" in value:
            options = _cleaned(value["provider_options"], removed)
            yield key, {**value, "provider_options": options}
        elif key.startswith("x-") and _CONNECTION.fullmatch(key):
            removed.append(key.removeprefix("x-"))
        elif key in _FREE or key.startswith("x-"):
            yield key, _cleaned(value, removed)
        else:
            yield key, value


def _cleaned(value: Any, removed: list[str]) -> Any:
    """A copy of a value without the keys, whose names go to `removed`."""
    if isinstance(value, list):
        return [_cleaned(one, removed) for one in value]
    if not isinstance(value, Mapping):
        return value
    names = [key for key in value if isinstance(key, str) and _CONNECTION.fullmatch(key)]
    removed += names
    return {key: _cleaned(one, removed) for key, one in value.items() if key not in names}


# The model of a source and its settings, as the fields of a prompt file.


def described(
    source: Mapping[str, Any],
    *,
    title: Sequence[str],
    owners: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> dict[str, Any]:
    """The fields of a prompt file; a value of another type is left out.

    Args:
        title: The keys that can have it, the preferred one first; so for owners and tags.
    """
    fields: dict[str, Any] = {}
    for name, keys in (("title", title), ("description", ("description",))):
        text = next((source[key] for key in keys if isinstance(source.get(key), str)), "")
        if text:
            fields[name] = text
    for name, keys in (("owners", owners), ("tags", tags)):
        given = next((source[key] for key in keys if source.get(key)), None)
        if given and (isinstance(given, list) or name == "owners"):
            fields[name] = [str(one) for one in (given if isinstance(given, list) else [given])]
    return fields


# Models and parameters of other tools, with the names of prompt files.

_OTHER_NAMES = {
    "max_output_tokens": (
        "max_tokens",
        "maxTokens",
        "max_completion_tokens",
        "maxCompletionTokens",
        "maxOutputTokens",
        "max_output_tokens",
    ),
    "temperature": ("temperature",),
    "top_p": ("top_p", "topP"),
    "stop": ("stop", "stopSequences", "stop_sequences"),
    "seed": ("seed",),
    "frequency_penalty": ("frequency_penalty", "frequencyPenalty"),
    "presence_penalty": ("presence_penalty", "presencePenalty"),
    "reasoning_effort": ("reasoning_effort", "reasoningEffort"),
    "parallel_tool_calls": (
        "parallel_tool_calls",
        "parallelToolCalls",
        "allowMultipleToolCalls",
    ),
}
PARAMETERS: Mapping[str, str] = {old: new for new, names in _OTHER_NAMES.items() for old in names}
"""The neutral name of each parameter, by the names of other tools."""

_RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
_NUMBER = lazy_pattern(r"-?\d+(?:\.\d+)?")
_REFERENCE = lazy_pattern(r"\$\{.*\}|\{\{.*\}\}")
_PREFIX = lazy_pattern(r"([a-z][\w.-]*)[:/](?:chat:|responses:|completion:|messages:)?(.+)")
_PROVIDERS = {
    "azure_openai": "azure",
    "azureopenai": "azure",
    "claude": "anthropic",
    "google": "gemini",
    "google_genai": "gemini",
    "googleai": "gemini",
    "vertex": "gemini",
    "vertexai": "gemini",
}
_FAMILIES = (("claude-", "anthropic"), ("gemini-", "gemini"))
"""How the names of models begin whose provider is not openai."""
_EDITOR_NAME = lazy_pattern(r"sonnet|opus|haiku|inherit|auto|default|copilot-.*|.*\s.*")
_CHOOSE_PROFILE = "write `model: {profile: NAME}`, with the profile in promptops.toml"


@record(frozen=True, slots=True, kw_only=True)
class ModelFields:
    """The value of `model` of a prompt file, {} if nothing is known; and what was lost."""

    value: Mapping[str, Any]
    losses: tuple[Loss, ...]


def model_field(
    name: Any,
    parameters: Mapping[str, Any],
    place: Callable[[str], Place],
    losses: list[Loss],
    provider: str | None = None,
) -> dict[str, Any]:
    """The key `model` of a prompt file, {} if nothing is known; adds what is lost to `losses`.

    Args:
        name: As for `model_fields`, or a mapping with it as `id` or `name`, and with parameters.
    """
    if isinstance(name, Mapping):
        parameters = {**{key: name[key] for key in name if key in PARAMETERS}, **parameters}
        provider = name["provider"] if isinstance(name.get("provider"), str) else provider
        losses.extend(_unread(name, place))
        name = name.get("id", name.get("name"))
    if name is not None and not isinstance(name, str):
        message = "`model` names several models, or none: choose one"
        losses.append(Loss(code="IMP107", message=message, place=place(""), hint=_CHOOSE_PROFILE))
        name = None
    found = model_fields(name, parameters, place, provider)
    losses.extend(found.losses)
    return {"model": dict(found.value)} if found.value else {}


def _unread(model: Mapping[str, Any], place: Callable[[str], Place]) -> Iterator[Loss]:
    """An IMP114 for each key of a mapping that describes a model, and that is not carried."""
    for key in model:
        if key not in ("id", "name", "provider", *PARAMETERS):
            message = f"`model.{key}` is not carried"
            yield Loss(code="IMP114", message=message, place=place(""))


def model_fields(
    name: str | None,
    parameters: Mapping[str, Any],
    place: Callable[[str], Place],
    provider: str | None = None,
) -> ModelFields:
    """A model and its parameters.

    Args:
        name: Such as `gpt-5`, `openai/gpt-5`, `anthropic:messages:claude-…`.
        parameters: By the names of the source.
        place: Of a parameter by its name, and of the model for "".
        provider: The provider, if the source names it apart from the model.
    """
    losses: list[Loss] = []
    value = _named(name, provider, place, losses)
    params: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for old, given in parameters.items():
        new = PARAMETERS.get(old)
        if new is None:
            others[old] = given
            continue
        read = _parameter(new, given, old, place, losses)
        if read is not None:
            params[new] = read
        elif given is not None and not _means_default(new, given):
            others[old] = given
    if params:
        value["params"] = params
    if others:
        value["provider_options"] = {value.get("provider", "openai"): others}
    return ModelFields(value=value, losses=tuple(losses))


def _named(
    name: str | None, provider: str | None, place: Callable[[str], Place], losses: list[Loss]
) -> dict[str, Any]:
    if not name:
        return {}
    if _EDITOR_NAME.fullmatch(name) or _REFERENCE.fullmatch(name):
        message = f"`{name}` names no model: choose one"
        losses.append(Loss(code="IMP107", message=message, place=place(""), hint=_CHOOSE_PROFILE))
        return {}
    match = _PREFIX.fullmatch(name) if provider is None else None
    if match is not None:
        return {"provider": _provider(match[1]), "id": match[2]}
    if provider is None:
        provider = next((of for begin, of in _FAMILIES if name.startswith(begin)), "openai")
        message = f"the provider of `{name}` is assumed: {provider}"
        losses.append(Loss(code="IMP301", message=message, place=place("")))
    return {"provider": _provider(provider), "id": name}


def _provider(written: str) -> str:
    """The name that promptops has for a provider; other tools write it in any case."""
    name = provider_name(written)
    return _PROVIDERS.get(name, name)


def _parameter(
    new: str, given: Any, old: str, place: Callable[[str], Place], losses: list[Loss]
) -> Any:
    """The value of a parameter; None if it is not carried."""
    if _means_default(new, given):
        message = f"`{old}: {given}` means the default: it is left out"
        losses.append(Loss(code="IMP205", message=message, place=place(old)))
        return None
    if isinstance(given, str) and new not in ("stop", "reasoning_effort"):
        if not _NUMBER.fullmatch(given):
            message = f"`{old}` is computed: it is not carried"
            losses.append(Loss(code="IMP107", message=message, place=place(old)))
            return None
        losses.append(Loss(code="IMP204", message=f"`{old}` is a number", place=place(old)))
        given = float(given) if "." in given else int(given)
    low, high = _RANGES.get(new, (float("-inf"), float("inf")))
    if isinstance(given, int | float) and not low <= given <= high:
        message = f"`{old}: {given}` is out of the range {low:g} to {high:g}: kept for the provider"
        losses.append(Loss(code="IMP108", message=message, place=place(old)))
        return None
    return [given] if new == "stop" and isinstance(given, str) else given


def _means_default(new: str, given: Any) -> bool:
    return given is None or (new == "max_output_tokens" and given in (-1, 0, "-1", "0"))


# Output formats and tools of requests to APIs, with the keys of prompt files.

PlaceOf = Callable[[str], Place]


def output_field(request: Mapping[str, Any], place: PlaceOf, losses: list[Loss]) -> dict[str, Any]:
    """The key `output` for `response_format` or `text.format`; {} for plain text."""
    text = request.get("text")
    key = "response_format" if "response_format" in request else "text"
    given = request.get("response_format") or (
        text.get("format") if isinstance(text, Mapping) else None
    )
    if isinstance(given, str):
        given = {"type": given}
    if not isinstance(given, Mapping) or given.get("type", "text") == "text":
        return {}
    if given.get("type") in ("json_object", "json"):
        return {"output": {"format": "json"}}
    described = given.get("json_schema", given)
    if given.get("type") == "json_schema" and isinstance(described, Mapping):
        kept = {
            name: described[name]
            for name in ("name", "strict", "description")
            if described.get(name)
        }
        schema = described.get("schema")
        return {"output": {"format": "json", **kept, **({"schema": schema} if schema else {})}}
    message = f"the output format `{given.get('type')}` is not carried"
    losses.append(Loss(code="IMP119", message=message, place=place(key)))
    return {}


def tools_field(request: Mapping[str, Any], place: PlaceOf, losses: list[Loss]) -> dict[str, Any]:
    """The keys `tools` and `tool_choice`."""
    found = []
    given = request.get("tools")
    for tool in given if isinstance(given, list) else ():
        read = _tool(tool)
        if read is None:
            kind = tool.get("type") if isinstance(tool, Mapping) else type(tool).__name__
            message = f"a tool of type `{kind}` is not carried"
            losses.append(Loss(code="IMP106", message=message, place=place("tools")))
        else:
            found.append(read)
    choice = _choice(request.get("tool_choice"))
    return {
        **({"tools": found} if found else {}),
        **({"tool_choice": choice} if found and choice is not None else {}),
    }


def _tool(tool: Any) -> dict[str, Any] | None:
    if not isinstance(tool, Mapping):
        return None
    function = tool.get("function") if isinstance(tool.get("function"), Mapping) else tool
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        return None
    if tool.get("type", "function") not in ("function", "custom") or "name" not in function:
        return None
    schema = function.get("parameters", function.get("input_schema"))
    parameters = schema if isinstance(schema, Mapping) else {"type": "object"}
    return {
        "name": function["name"],
        **({"description": function["description"]} if function.get("description") else {}),
        **({"strict": True} if function.get("strict") else {}),
        "parameters": parameters,
    }


def _choice(choice: Any) -> Any:
    if isinstance(choice, str):
        known = {"any": "required", **{name: name for name in ("auto", "none", "required")}}
        return known.get(choice, {"name": choice})
    if isinstance(choice, Mapping):
        function = choice.get("function")
        name = function.get("name") if isinstance(function, Mapping) else choice.get("name")
        kind = {"any": "required", "auto": "auto", "none": "none"}.get(str(choice.get("type")))
        return {"name": name} if name else kind
    return None
