"""The header of a Prompty file: what a prompt file has outside of its messages and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.formats.declared_types import DeclaredTypes
from promptops.formats.described_fields import described
from promptops.formats.document import Loss
from promptops.formats.front_matter import FrontMatter
from promptops.formats.model_fields import model_field
from promptops.formats.request_fields import output_field, tools_field
from promptops.model.place import Place

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
        self._note_connections({**given, **config})
        if given.get("api", given.get("apiType", "chat")) != "chat":
            self.note("IMP112", "only chat requests are carried", "model")
        names = ("azure_deployment", "model", "name")
        name = given.get("id") or next((config[one] for one in names if config.get(one)), None)
        kind = given.get("provider", config.get("type"))
        provider = str(kind) if isinstance(kind, str) else None
        place = self.place
        fields: dict[str, Any] = {}
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
        tools = []
        for tool in listed if isinstance(listed, list) else ():
            if isinstance(tool, Mapping) and tool.get("kind") == "function" and "name" in tool:
                kept = ("name", "description", "parameters", "strict")
                tools.append({key: tool[key] for key in kept if key in tool})
            else:
                self.note("IMP106", "a tool that is not a function is not carried", "tools")
        if tools:
            fields["tools"] = tools
        for key, value in self.value.items():
            if key not in _KNOWN:
                fields[f"x-prompty-{key}"] = value
                self.note("IMP202", f"`{key}` is kept as `x-prompty-{key}`", str(key))
        return fields

    def place(self, key: str) -> Place:
        """The place of a key."""
        return self._front.place(f"/{key}", self._shown)

    def _note_type(self, message: str) -> None:
        self.note("IMP206", message, "inputs")

    def note(self, code: str, message: str, key: str, *, refuses: bool = False) -> None:
        """Report a loss at a key."""
        loss = Loss(code=code, message=message, place=self.place(key), refuses=refuses)
        self.losses.append(loss)


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
