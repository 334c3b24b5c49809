"""Every request that a prompt renders is recognized when an official client sends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import anthropic
import openai
import pytest
from google import genai

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError, UsageError
from promptops.model.prompt import Request
from promptops.replay.requests import APIS, Api, rendered_request
from promptops.runtime.request.anthropic import message_arguments
from promptops.runtime.request.gemini import content_arguments
from promptops.runtime.request.openai import chat_arguments, response_arguments
from promptops.runtime.request.render import Renderer
from promptops.workspace.workspace import workspace
from tests.runtime.request_shapes.requests import repository_of

pytestmark = pytest.mark.xdist_group("request_shapes")

Send = Callable[[dict[str, Any]], Any]
PROVIDERS = {"chat": "openai", "responses": "openai", "messages": "anthropic", "gemini": "gemini"}
ARGUMENTS = {
    "chat": chat_arguments,
    "responses": response_arguments,
    "messages": message_arguments,
    "gemini": content_arguments,
}


@contextmanager
def sender(api: Api, address: str) -> Iterator[Send]:
    """What sends the arguments of a client to an address."""
    if api == "messages":
        with anthropic.Anthropic(api_key="no", base_url=address, max_retries=0) as client:
            yield lambda arguments: client.messages.create(**arguments)
    elif api == "gemini":
        with genai.Client(api_key="no", http_options={"base_url": address}) as client:
            yield lambda arguments: client.models.generate_content(**arguments)
    else:
        with openai.OpenAI(api_key="no", base_url=f"{address}/v1", max_retries=0) as client:
            create = client.chat.completions.create if api == "chat" else client.responses.create
            yield lambda arguments: create(**arguments)


@pytest.mark.slow
@pytest.mark.parametrize("api", APIS)
def test_every_rendered_request_equals_the_one_that_a_client_sends(api: Api, served: Any) -> None:
    different, equal = [], 0
    with repository_of(PROVIDERS[api]) as root, workspace(root) as opened:
        server = served(root)
        with sender(api, server.address) as send:
            for prompt, request in _rendered(opened.catalog):
                try:
                    rendered = rendered_request(api, request)
                except (InputError, UsageError):
                    continue
                server.replay.used.clear()
                with suppress(openai.APIError, anthropic.APIError, genai.errors.APIError):
                    send(ARGUMENTS[api](request))
                if server.replay.used == {rendered.digest}:
                    equal += 1
                else:
                    different.append(prompt)

    assert different == []
    assert equal > 30


def _rendered(catalog: Catalog) -> Iterator[tuple[str, Request]]:
    """The request of each prompt with a model, with the inputs of its first case."""
    for loaded in catalog.prompts():
        prompt = loaded.prompt
        assert prompt is not None
        inputs = prompt.cases[0].inputs if prompt.cases else {}
        request = Renderer(prompt, catalog.load, catalog.files.data).request(inputs)
        if request.model:
            yield prompt.id, request
