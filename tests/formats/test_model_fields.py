"""Names of models of other tools."""

from __future__ import annotations

import pytest

from promptops.formats.model_fields import model_field, model_fields
from promptops.model.place import Place


@pytest.mark.parametrize(
    ("name", "provider", "value", "codes"),
    [
        ("gpt-5", None, {"provider": "openai", "id": "gpt-5"}, ["IMP301"]),
        ("claude-sonnet-5", None, {"provider": "anthropic", "id": "claude-sonnet-5"}, ["IMP301"]),
        ("gemini-2.5-pro", None, {"provider": "gemini", "id": "gemini-2.5-pro"}, ["IMP301"]),
        ("gemini-2.5-pro", "google", {"provider": "gemini", "id": "gemini-2.5-pro"}, []),
        ("openai:chat:gpt-5", None, {"provider": "openai", "id": "gpt-5"}, []),
        ("sonnet", None, {}, ["IMP107"]),
        ("copilot-chat", None, {}, ["IMP107"]),
        ("Claude Opus 4.6 (copilot)", None, {}, ["IMP107"]),
    ],
)
def test_the_provider_of_a_model_is_known_or_assumed(name, provider, value, codes):
    found = model_fields(name, {}, lambda _key: Place("a"), provider)

    assert (dict(found.value), [loss.code for loss in found.losses]) == (value, codes)


@pytest.mark.parametrize(
    ("model", "value", "codes"),
    [
        (
            {"id": "gpt-5", "provider": "azure", "temperature": 0},
            {"provider": "azure", "id": "gpt-5", "params": {"temperature": 0}},
            [],
        ),
        ({"name": "openai/gpt-5"}, {"provider": "openai", "id": "gpt-5"}, []),
        ({"kind": "chat", "temperature": 0}, {"params": {"temperature": 0}}, ["IMP114"]),
        (["gpt-5", "gpt-6"], None, ["IMP107"]),
        (None, None, []),
    ],
)
def test_a_model_with_parameters_is_read_and_several_are_reported(model, value, codes):
    losses = []

    found = model_field(model, {}, lambda _key: Place("a"), losses)

    assert (found, [loss.code for loss in losses]) == ({"model": value} if value else {}, codes)
