"""The model that a prompt names, with its facts from the configuration and the model table."""

from __future__ import annotations

from datetime import date

from promptops.analysis.models import ModelFacts, find
from promptops.catalog.catalog import Catalog
from promptops.catalog.config_places import toml_places
from promptops.json_pointer import escaped
from promptops.model.config import Config, ModelProfile
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.records import record

NEAR_DAYS = 90
"""Days before its retirement from which a model is reported."""


def retires_soon(facts: ModelFacts, today: date) -> bool:
    """Whether a model is retired, or will be within NEAR_DAYS."""
    if facts.retires_on is None:
        return False
    return (date.fromisoformat(facts.retires_on) - today).days <= NEAR_DAYS


@record(frozen=True, slots=True, kw_only=True)
class AskedModel:
    """A model and its limits; None for what is not known.

    Attributes:
        at: JSON pointer of the model's name in the prompt file.
        facts: From the model table.
        profile: From the configuration; it overrides the table.
    """

    provider: str
    id: str
    at: str
    facts: ModelFacts | None
    profile: ModelProfile | None

    @property
    def context_window(self) -> int | None:
        """Tokens of request and answer together."""
        said = self.profile.context_window if self.profile else None
        return said or (self.facts.context_window if self.facts else None)

    @property
    def max_output(self) -> int | None:
        """Tokens of an answer."""
        said = self.profile.max_output_tokens if self.profile else None
        return said or (self.facts.max_output if self.facts else None)

    @property
    def input_usd(self) -> float | None:
        """US dollars per million tokens of the request."""
        said = self.profile.price.get("input") if self.profile else None
        return said if said is not None else (self.facts.input_usd if self.facts else None)

    @property
    def output_usd(self) -> float | None:
        """US dollars per million tokens of the answer."""
        said = self.profile.price.get("output") if self.profile else None
        return said if said is not None else (self.facts.output_usd if self.facts else None)


def id_place(model: AskedModel, catalog: Catalog) -> Place | str:
    """The place of a model's id: in its profile, once for all prompts that name it.

    Without a profile, or if no file defines it, the pointer in the prompt file.
    """
    profile = model.profile
    places = toml_places(catalog) if profile is not None else None
    if profile is None or places is None:
        return model.at
    return places.word(f"/models/{escaped(profile.name)}/id", profile.id) or model.at


def asked_model(prompt: Prompt, config: Config) -> AskedModel | None:
    """The model of a prompt; None if it names none, or a profile that does not exist."""
    model = prompt.model
    if model.provider is None or model.id is None:
        return None
    profile = config.models.get(model.profile or "")
    return AskedModel(
        provider=model.provider,
        id=model.id,
        at="/model/profile" if profile else "/model/id",
        facts=find(model.provider, model.id),
        profile=profile,
    )
