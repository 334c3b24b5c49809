"""Every profile on the page of providers is valid, and its requests go to the right path."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from promptops.evals.providers import Failure
from promptops.evals.providers.endpoint import address_of, key_variable
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from promptops.records import replace
from promptops.source.config import load
from tests.evals.providers.approved import provider_of
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server
from tests.servers.plans import always

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"
KEY = "sk-canary-7f3a9b2c5d"
BEARER = ("authorization", f"Bearer {KEY}")
REQUESTS = {
    "gpt": ("/v1/chat/completions", BEARER),
    "claude": ("/v1/messages", BEARER),
    "flash": ("/v1/models/gemini-3.5-flash:generateContent", ("x-goog-api-key", KEY)),
    "azure": ("/openai/v1/chat/completions", BEARER),
    "router": ("/api/v1/chat/completions", BEARER),
    "proxy": ("/v1/chat/completions", BEARER),
    "ollama": ("/v1/chat/completions", None),
    "vllm": ("/v1/chat/completions", None),
    "llama": ("/v1/chat/completions", None),
    "llama-messages": ("/v1/messages", None),
    "bedrock": ("/openai/v1/chat/completions", BEARER),
    "vertex": (
        "/v1/projects/YOUR_PROJECT/locations/global/endpoints/openapi/chat/completions",
        BEARER,
    ),
}
"""The path of a request of each profile, and the header with its key."""


def _profiles() -> dict[str, ModelProfile]:
    blocks = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return dict(load({"promptops.toml": "\n".join(blocks).encode()}).models)


PROFILES = _profiles()


def test_every_profile_of_the_page_is_tested():
    assert list(PROFILES) == list(REQUESTS)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_goes_to_the_right_path_with_its_key(name, slash):
    profile = PROFILES[name]
    variable = key_variable(profile)
    with fault_server(always(Answer(body=b"{}"))) as server:
        host = urlsplit(server.base_url).netloc
        address = urlunsplit(("http", host, urlsplit(address_of(profile)).path + slash, "", ""))
        here = replace(profile, base_url=address, api_key_env=variable)
        asyncio.run(_ask(here, {variable: KEY} if variable else {}))
        (received,) = server.requests

    path, header = REQUESTS[name]
    assert (received.method, received.path) == ("POST", path)
    assert header is None or received.headers[header[0]] == header[1]
    assert header is not None or KEY not in repr(received)


async def _ask(profile: ModelProfile, environment: dict[str, str]) -> None:
    provider = provider_of(profile, environment)
    request = Request(
        messages=({"role": "user", "content": "Say hello."},),
        model={"provider": profile.provider, "id": profile.id},
        params=profile.params,
    )
    with suppress(Failure):  # `{}` is an answer of no API
        await provider.ask(request, 60.0)
    await provider.close()
