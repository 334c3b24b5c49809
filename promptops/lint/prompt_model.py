"""The model that a prompt names, with its facts; the last days of a prompt and its inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from promptops.analysis.models import ModelFacts, find, owner
from promptops.catalog.catalog import Catalog, toml_places
from promptops.json_pointer import escaped
from promptops.model.config import Config, ModelProfile
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.records import record
from promptops.runtime.request.api_limits import apis_of

NEAR_DAYS = 90
"""A model is reported this many days before its retirement."""

_MAX_SUCCESSORS = 10


def retires_soon(facts: ModelFacts, today: date) -> bool:
    """Whether a model is retired, or will be within NEAR_DAYS."""
    if facts.retires_on is None:
        return False
    return (date.fromisoformat(facts.retires_on) - today).days <= NEAR_DAYS


def successor(facts: ModelFacts, today: date) -> ModelFacts | None:
    """The successor of a model, or the successor's own if it is retired, too; None if unknown."""
    for _ in range(_MAX_SUCCESSORS):
        found = find(facts.provider, facts.successor) if facts.successor else None
        if found is None or found.retires_on is None or found.retires_on > today.isoformat():
            return found
        facts = found
    return None


@record(frozen=True, slots=True, kw_only=True)
class PromptModel:
    """A model and its limits; None for unknown values.

    Attributes:
        at: JSON pointer of the model's name in the prompt file.
        facts: Facts from the model table.
        profile: The profile of the configuration, which overrides the table.
    """

    provider: str
    id: str
    at: str
    facts: ModelFacts | None
    profile: ModelProfile | None

    def lacks(self, feature: str) -> bool:
        """Whether the model is known to lack a feature; see `ModelFacts.lacks`."""
        return self.facts is not None and feature in self.facts.lacks

    @property
    def context_window(self) -> int | None:
        """The limit of tokens of request and answer together."""
        configured = self.profile.context_window if self.profile else None
        return configured or (self.facts.context_window if self.facts else None)

    @property
    def max_output(self) -> int | None:
        """The limit of tokens of an answer."""
        configured = self.profile.max_output_tokens if self.profile else None
        return configured or (self.facts.max_output if self.facts else None)

    @property
    def input_usd(self) -> float | None:
        """US dollars per million tokens of the request."""
        configured = self.profile.price.get("input") if self.profile else None
        return (
            configured if configured is not None else (self.facts.input_usd if self.facts else None)
        )

    @property
    def output_usd(self) -> float | None:
        """US dollars per million tokens of the answer."""
        configured = self.profile.price.get("output") if self.profile else None
        return (
            configured
            if configured is not None
            else (self.facts.output_usd if self.facts else None)
        )


def other_owner(provider: str, model: str) -> str | None:
    """The provider of a known model that OpenAI, Anthropic or Google, as named, does not have.

    They have only their own models; nothing is known about what others have.
    """
    if len({api.provider for api in apis_of(provider)}) != 1 or find(provider, model):
        return None
    return owner(model)


def provider_for(owner: str) -> str:
    """The provider that calls the models of an owner, such as `gemini` for those of `google`."""
    apis = apis_of(owner)
    return apis[0].provider if apis else owner


def id_place(model: PromptModel, catalog: Catalog) -> Place | str:
    """The place of a model's id: in its profile, shared by all prompts that name it.

    Without a profile, or if no file defines it, the pointer in the prompt file.
    """
    profile = model.profile
    places = toml_places(catalog) if profile is not None else None
    if profile is None or places is None:
        return model.at
    return places.word(f"/models/{escaped(profile.name)}/id", profile.id) or model.at


def prompt_model(prompt: Prompt, config: Config) -> PromptModel | None:
    """The model of a prompt; None if it names none, or a profile that does not exist."""
    model = prompt.model
    if model.provider is None or model.id is None:
        return None
    profile = config.models.get(model.profile or "")
    return PromptModel(
        provider=model.provider,
        id=model.id,
        at="/model/profile" if profile else "/model/id",
        facts=find(model.provider, model.id),
        profile=profile,
    )


# The last days on which a prompt and its inputs should be used.


def sunsets(prompt: Prompt) -> Iterator[tuple[str, Any]]:
    """`sunset` of the prompt and `x-sunset` of its inputs as written, each after its pointer."""
    if prompt.sunset is not None:
        yield "/sunset", prompt.sunset
    properties = prompt.inputs.get("properties")
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(schema, Mapping) and "x-sunset" in schema:
            yield f"/inputs/properties/{escaped(name)}/x-sunset", schema["x-sunset"]


def day_of(written: Any) -> date | None:
    """The date; None if it is not one."""
    try:
        return date.fromisoformat(written)
    except (TypeError, ValueError):
        return None
