"""Model profiles for imported prompts: `{profile: NAME}` in place of a provider and an id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.formats.document import SourceDocument
from promptops.formats.plain_texts import identity
from promptops.model.config import ModelProfile
from promptops.records import replace
from promptops.workspace.new_files import DEFAULT_PROFILE, usual_profile

_DEFAULT = "default"


class Profiles:
    """The profiles of one import.

    Attributes:
        new: The tables to add to the configuration: provider and id by name.
    """

    def __init__(self, existing: Mapping[str, ModelProfile]) -> None:
        self.new: dict[str, Mapping[str, str]] = {}
        self._known = {(one.provider, one.id): name for name, one in existing.items()}
        self._names = set(existing)
        self._usual = usual_profile(existing) if existing else ""

    def named(self, document: SourceDocument) -> SourceDocument:
        """The document with a profile as its model; without a model the default one."""
        given: Mapping[str, Any] = document.fields.get("model", {})
        if "provider" in given:
            name = self._name(given["provider"], given["id"])
        else:
            name = self._default()
        others = {key: value for key, value in given.items() if key not in ("provider", "id")}
        return replace(document, fields={**document.fields, "model": {"profile": name, **others}})

    def _name(self, provider: str, model: str) -> str:
        if (provider, model) not in self._known:
            name = self._free(identity(model.rpartition("/")[2]))
            self._add(name, provider, model)
        return self._known[provider, model]

    def _free(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._names:
            name, number = f"{wanted}-{number}", number + 1
        return name

    def _default(self) -> str:
        """The profile of prompts without a model, as `promptops new` chooses it."""
        if not self._usual:
            self._usual = self._free(_DEFAULT)
            self._add(self._usual, *DEFAULT_PROFILE)
        return self._usual

    def _add(self, name: str, provider: str, model: str) -> None:
        self._names.add(name)
        self._known[provider, model] = name
        self.new[name] = {"provider": provider, "id": model}
