"""Which address and which key a profile of each built-in provider has, and what needs approval."""

from __future__ import annotations

import asyncio

import pytest

from promptops.errors import UsageError
from promptops.evals.providers import registry
from promptops.evals.providers.endpoint import (
    addressed,
    approve,
    endpoint_of,
    key_variable,
    shown_endpoint,
)
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from tests.servers.fault_server import fault_server

DEFAULTS = {
    "openai": ("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "anthropic": ("https://api.anthropic.com", "ANTHROPIC_API_KEY"),
    "gemini": ("https://generativelanguage.googleapis.com", "GEMINI_API_KEY"),
}
KEY = "sk-canary-7f3a9b2c5d"


def _profile(provider: str, **fields: object) -> ModelProfile:
    return ModelProfile(name="fast", provider=provider, id="m-1", **fields)


@pytest.mark.parametrize("provider", DEFAULTS)
def test_a_provider_s_own_key_goes_to_its_own_address_without_approval(provider):
    address, variable = DEFAULTS[provider]
    profile = _profile(provider)

    assert (endpoint_of(profile).address, key_variable(profile)) == (address, variable)
    assert endpoint_of(profile).is_default
    assert approve(profile, ()).profile == profile
    assert shown_endpoint(profile) == f"{address} with the API key in {variable}"


@pytest.mark.parametrize("provider", DEFAULTS)
@pytest.mark.parametrize(
    "fields",
    [
        {"base_url": "http://127.0.0.1:9"},
        {"base_url": ""},
        {"api_key_env": "GITHUB_TOKEN"},
        {"headers": {"x-team": "a"}},
    ],
)
def test_any_other_address_key_or_header_needs_approval(provider, fields):
    with pytest.raises(UsageError, match="the endpoint of `fast` is not approved"):
        approve(_profile(provider, **fields), ())


@pytest.mark.parametrize("provider", DEFAULTS)
def test_another_address_gets_no_key_unless_the_profile_names_one(provider):
    profile = _profile(provider, base_url="http://127.0.0.1:9")

    assert key_variable(profile) is None


@pytest.mark.parametrize("provider", DEFAULTS)
def test_the_key_of_another_provider_is_not_sent(provider):
    variable = DEFAULTS[provider][1]
    others = {name: KEY for _, name in DEFAULTS.values() if name != variable}

    with pytest.raises(UsageError) as refused:
        registry.provider_of(approve(_profile(provider), ()), others)

    assert (refused.value.message, refused.value.where) == (
        "the API key of `fast` is not set",
        variable,
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("google", "use `gemini`"),
        ("vertex", "set `base_url` in its profile to a server with an OpenAI-compatible API"),
        ("azure", "set `base_url` in its profile to a server with an OpenAI-compatible API"),
        ("acme", "set `base_url` in its profile to a server with an OpenAI-compatible API"),
        ("claude", "use `anthropic`"),
        ("antropic", "did you mean `anthropic`?"),
    ],
)
def test_an_unknown_provider_is_reported_with_the_known_one(name, hint):
    profile = _profile(name)

    with pytest.raises(UsageError) as refused:
        registry.provider_of(approve(profile, {endpoint_of(profile)}), {})

    assert (refused.value.message, refused.value.hint) == (f"there is no provider `{name}`", hint)
    with pytest.raises(UsageError) as early:
        registry.refuse_uncallable(approve(profile, {endpoint_of(profile)}), {})
    assert str(early.value) == str(refused.value)


@pytest.mark.parametrize("provider", DEFAULTS)
def test_upper_and_lower_case_of_a_provider_mean_the_same(provider):
    written, lower = _profile(provider.title()), _profile(provider)

    assert endpoint_of(written) == endpoint_of(lower)
    assert endpoint_of(written).is_default
    assert key_variable(written) == DEFAULTS[provider][1]
    assert registry.is_known(written)
    environment = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    assert addressed(written, environment).base_url == addressed(lower, environment).base_url


def test_the_address_in_the_environment_is_that_of_openai():
    request = Request(messages=({"role": "user", "content": "hi"},), model={"id": "m-1"})
    with fault_server() as server:
        environment = {"OPENAI_BASE_URL": f" {server.base_url}\n", "OPENAI_API_KEY": KEY}
        provider = registry.provider_of(approve(_profile("openai"), ()), environment)

        async def asked() -> str:
            try:
                return (await provider.ask(request, 60.0)).answer.text
            finally:
                await provider.close()

        assert asyncio.run(asked()) == "hi"
        (received,) = server.requests
    assert received.path == "/v1/chat/completions"
    assert received.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "profile",
    [
        _profile("openai", base_url="http://127.0.0.1:9/v1"),
        _profile("anthropic"),
        _profile("gemini"),
        _profile("echo"),
        _profile("local", base_url="http://127.0.0.1:9/v1"),
    ],
    ids=lambda profile: profile.provider,
)
def test_it_applies_to_no_other_profile(profile):
    assert addressed(profile, {"OPENAI_BASE_URL": "http://127.0.0.1:8/v1"}) is profile


@pytest.mark.parametrize("value", ["", " \n"])
def test_an_empty_address_in_the_environment_is_none(value):
    assert addressed(_profile("openai"), {"OPENAI_BASE_URL": value}) == _profile("openai")


def test_it_does_not_approve_another_key():
    profile = _profile("openai", api_key_env="GITHUB_TOKEN")

    with pytest.raises(UsageError, match="the endpoint of `fast` is not approved"):
        approve(profile, ())


def test_an_address_without_a_scheme_is_refused_before_the_first_try():
    environment = {"OPENAI_BASE_URL": "localhost:8931", "OPENAI_API_KEY": KEY}

    with pytest.raises(UsageError) as refused:
        registry.provider_of(approve(_profile("openai"), ()), environment)

    assert (refused.value.message, refused.value.where, refused.value.hint) == (
        "the address has no `http://` or `https://`",
        "OPENAI_BASE_URL",
        "add `http://` for a server on this machine, else `https://`",
    )


@pytest.mark.parametrize("address", ["http://[::1", "http://127.0.0.1:port/v1"])
def test_an_invalid_address_in_the_environment_is_reported_at_its_variable(address):
    environment = {"OPENAI_BASE_URL": address, "OPENAI_API_KEY": KEY}

    with pytest.raises(UsageError) as refused:
        registry.provider_of(approve(_profile("openai"), ()), environment)

    assert (refused.value.message, refused.value.where) == (
        "this is not a valid address",
        "OPENAI_BASE_URL",
    )
