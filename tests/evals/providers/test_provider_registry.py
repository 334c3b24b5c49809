"""A profile finds its provider and its key, and what is wrong with either is said."""

from __future__ import annotations

import asyncio
import sys

import pytest

from promptops.errors import InputError, UsageError
from promptops.evals.providers import Reply
from promptops.evals.providers.registry import built_in
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from tests.evals.providers.approved import provider_of


def _profile(provider: str, **said: str) -> ModelProfile:
    return ModelProfile(name="fast", provider=provider, id="m-1", **said)


def _plugin(folder, monkeypatch, name, module, text):
    """Install a package that offers a provider."""
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[promptops.providers]\n{name} = {module}:make\n")
    (folder / f"{module}.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, module, raising=False)


def test_the_providers_are_found_by_being_there():
    assert list(built_in()) == ["anthropic", "echo", "gemini", "openai"]


def test_echo_answers_with_the_request_and_needs_no_key():
    request = Request(messages=({"role": "user", "content": "hi"},), model={"id": "m-1"})

    reply = asyncio.run(provider_of(_profile("echo"), {}).ask(request, 1.0))

    text = '{"messages":[{"content":"hi","role":"user"}]}'
    tokens = reply.answer.usage.input
    assert tokens > 0
    assert reply == Reply(
        answer=Answer(text=text, model="m-1", usage=Usage(input=tokens, output=tokens))
    )


def test_an_address_makes_any_name_a_provider():
    provider = provider_of(_profile("vllm", base_url="http://127.0.0.1:9/v1"), {})

    assert type(provider) is type(provider_of(_profile("openai"), {"OPENAI_API_KEY": "k"}))


def test_a_plug_in_is_found_in_any_case(tmp_path, monkeypatch):
    make = "def make(profile, key):\n    return echo(profile, key)\n"
    found = "from promptops.evals.providers.echo import echo\n"
    _plugin(tmp_path, monkeypatch, "Acme", "acme_models", found + make)

    echoes = {type(provider_of(_profile(name), {})) for name in ("acme", "ACME", "Echo")}

    assert echoes == {type(provider_of(_profile("echo"), {}))}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("opneai", "did you mean `openai`?"),
        ("zzz", "set `base_url` in its profile to a server with an OpenAI-compatible API"),
    ],
)
def test_a_provider_that_there_is_not_is_said_with_the_way_out(name, hint):
    with pytest.raises(UsageError) as refused:
        provider_of(_profile(name), {})

    assert (refused.value.message, refused.value.where, refused.value.hint) == (
        f"there is no provider `{name}`",
        "models.fast",
        hint,
    )


@pytest.mark.parametrize(
    ("profile", "variable"),
    [(_profile("openai", api_key_env="MINE"), "MINE"), (_profile("openai"), "OPENAI_API_KEY")],
)
@pytest.mark.parametrize("value", [None, "", " \n"])
def test_a_key_that_is_not_set_is_said(profile, variable, value):
    environment = {} if value is None else {variable: value}

    with pytest.raises(UsageError) as refused:
        provider_of(profile, environment)

    assert (refused.value.message, refused.value.where, refused.value.hint) == (
        "the API key of `fast` is not set",
        variable,
        f"export {variable}=…",
    )


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-ä", "sk-\x00"])
def test_a_key_that_is_none_is_refused_and_not_shown(key):
    with pytest.raises(UsageError) as refused:
        provider_of(_profile("openai"), {"OPENAI_API_KEY": key})

    assert refused.value.message == "the API key of `fast` contains invalid characters"
    assert "sk-" not in repr(vars(refused.value))


def test_another_package_offers_a_provider(tmp_path, monkeypatch):
    text = """
from promptops.evals.providers import Reply
from promptops.model.answer import Answer

class make:
    def __init__(self, profile, key):
        self.text = f"{profile.id} {key}"

    async def ask(self, request, deadline_s):
        return Reply(answer=Answer(text=self.text))
"""
    _plugin(tmp_path, monkeypatch, "theirs", "theirs_of_a_test", text)
    profile = _profile("theirs", api_key_env="MINE", base_url="http://127.0.0.1:9")

    provider = provider_of(profile, {"MINE": " k \n"})

    reply = asyncio.run(provider.ask(Request(messages=()), 1.0))
    assert reply.answer.text == "m-1 k"


@pytest.mark.parametrize("provider", ["echo", "openai", "theirs"])
def test_an_address_that_is_none_is_wrong_usage_whoever_is_asked(provider):
    with pytest.raises(UsageError) as refused:
        provider_of(_profile(provider, base_url="http://[::1/v1"), {})

    assert (refused.value.message, refused.value.where) == (
        "this is not a valid address",
        "models.fast.base_url",
    )


def test_a_plugin_is_not_loaded_where_none_may_be(tmp_path, monkeypatch):
    text = "raise SystemExit('loaded')\n"
    _plugin(tmp_path, monkeypatch, "theirs", "unwanted_of_a_test", text)

    with pytest.raises(UsageError, match="there is no provider `theirs`"):
        provider_of(_profile("theirs"), {}, plugins=False)


def test_a_plugin_that_does_not_import_is_named(tmp_path, monkeypatch):
    _plugin(tmp_path, monkeypatch, "theirs", "broken_of_a_test", "import nothing_of_that_name\n")

    with pytest.raises(InputError) as refused:
        provider_of(_profile("theirs"), {})

    assert (refused.value.message, refused.value.where, refused.value.hint) == (
        "the plug-in `theirs` can't be imported: No module named 'nothing_of_that_name'",
        "broken_of_a_test:make",
        "fix or uninstall it",
    )


def test_two_plugins_of_one_name_are_refused(tmp_path, monkeypatch):
    for module in ("one_of_a_test", "two_of_a_test"):
        _plugin(tmp_path, monkeypatch, "theirs", module, "make = print\n")

    with pytest.raises(InputError) as refused:
        provider_of(_profile("theirs"), {})

    assert refused.value.message == (
        "two packages provide the provider `theirs`: one_of_a_test:make and two_of_a_test:make"
    )
