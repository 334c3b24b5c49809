"""What holds for each provider of an official client: faults of servers, and the API key."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from promptops.evals.providers import Failure
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from tests.evals.providers.approved import provider_of
from tests.evals.providers.called import PATIENCE_S, SHORT_S, result_of
from tests.servers.answers import FAULTS, Answer
from tests.servers.fault_server import fault_server
from tests.servers.plans import always
from tests.tiers import fast_only

KEYS = {
    "openai": "sk-canary-7f3a9b2c5d",
    "anthropic": "sk-ant-canary-7f3a9b2c5d",
    "gemini": "AIzaCanary7f3a9b2c5d1e4a6b8c0d",
}
PATHS = {
    "openai": "/chat/completions",
    "anthropic": "/messages",
    "gemini": "/models/m-1:generateContent",
}
PACKAGES = {
    "openai": ("openai", "openai", "3"),
    "anthropic": ("anthropic", "anthropic", "2.14"),
    "gemini": ("google.genai", "google-genai", "3.6"),
}
"""The module, the distribution, and the lowest version."""
KINDS = {
    "429": ("rate", True),
    "429 with retry-after": ("rate", True),
    "429 with a quota": ("rate", True),
    "500": ("server", True),
    "502 of a proxy": ("server", True),
    "503": ("server", True),
    "error in a 200": ("server", True),
    "drip": ("timeout", True),
    "truncated": ("connection", True),
    "malformed": ("bad_answer", False),
    "not UTF-8": ("bad_answer", False),
    "empty": ("bad_answer", False),
    "another shape": ("bad_answer", False),
    "no choices": ("bad_answer", False),
    "huge": ("bad_answer", False),
    "reset": ("connection", True),
    "silent": ("timeout", True),
}
"""The kind of the failure for each fault, and whether a retry may help."""

each_provider = pytest.mark.parametrize("name", KEYS)


def _profile(name: str, base_url: str) -> ModelProfile:
    return ModelProfile(
        name="fast", provider=name, id="m-1", api_key_env="THE_KEY", base_url=base_url
    )


def _request(name: str) -> Request:
    return Request(
        messages=({"role": "user", "content": "Say hello."},),
        model={"provider": name, "id": "m-1"},
        params={"max_output_tokens": 9},
    )


def _result(name: str, base_url: str, deadline_s: float = PATIENCE_S) -> Any:
    return result_of(_profile(name, base_url), _request(name), KEYS[name], deadline_s)


@each_provider
@pytest.mark.parametrize("fault", KINDS)
def test_every_fault_is_a_failure_of_its_kind(name, fault):
    kind, retryable = KINDS[fault]
    deadline_s = SHORT_S if kind == "timeout" else PATIENCE_S
    with fault_server(always(FAULTS[fault])) as server:
        failure = _result(name, server.base_url, deadline_s)

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.retryable) == (kind, retryable)
    assert failure.message.isprintable()


def test_every_fault_is_tested():
    assert KINDS.keys() == FAULTS.keys()


@each_provider
def test_a_redirect_is_not_followed(name):
    with fault_server() as other:
        headers = {"location": f"{other.base_url}{PATHS[name]}"}
        with fault_server(always(Answer(status=307, headers=headers, body=b""))) as server:
            failure = _result(name, server.base_url)

    assert other.requests == []
    assert failure.message == (
        "the server answered with status 307: it redirects, "
        "and the API key is sent only to `base_url`"
    )


@each_provider
def test_an_answer_that_is_compressed_without_request_is_not_unpacked(name):
    planned = Answer(headers={"content-encoding": "gzip"}, body=b"\x1f\x8b bomb")
    with fault_server(always(planned)) as server:
        failure = _result(name, server.base_url)
        (received,) = server.requests

    assert failure.message == "the answer is compressed, although no compression was requested"
    assert received.headers["accept-encoding"] == "identity"


@each_provider
def test_without_its_package_the_command_that_installs_it_is_shown(name):
    module, distribution, version = PACKAGES[name]
    variable = f"{name.upper()}_API_KEY"
    code = f"""
import sys
sys.modules["{module}"] = None
from promptops.errors import UsageError
from promptops.evals.providers.endpoint import approve
from promptops.evals.providers.registry import provider_of
from promptops.model.config import ModelProfile
profile = ModelProfile(name="a", provider="{name}", id="b")
try:
    provider_of(approve(profile, ()), {{"{variable}": "k"}})
except UsageError as error:
    print(error.message, "|", error.hint)
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    needs = f"calling `a` needs the package `{distribution}`, version {version} or later: "
    assert done.stdout.startswith(needs)
    assert done.stdout.endswith(f"| pip install '{distribution}>={version}'\n")


@pytest.mark.parametrize("name", fast_only(KEYS, ["openai"]))
def test_the_key_appears_nowhere(name, caplog):
    caplog.set_level(logging.DEBUG)
    key, shown = KEYS[name], []

    def error(message: str, status: int) -> Answer:
        body = {"type": "error", "error": {"type": "x", "code": key, "message": message}}
        return Answer(body=json.dumps(body).encode(), status=status)

    echoes = [
        error(f"Incorrect API key provided: {key}.", 401),
        error(f"Incorrect: {key[:10]}*****{key[-4:]}", 403),
        error(f"Authorization: Bearer {key}", 500),
        error(f"x-api-key: {key}, x-goog-api-key: {key}", 500),
        error(f"https://example.com/v1/models?key={key}&alt=sse", 404),
        error(f"%22{key}%22 in {key[3:14]}", 429),
        Answer(body=f"<h1>{key}</h1>".encode(), status=502),
        Answer(body=f'{{"a": "{key}'.encode()),
        Answer(says=f"My key is {key}."),
        *(fault for fault_name, fault in FAULTS.items() if fault_name != "huge"),
    ]
    for planned in echoes:
        with fault_server(always(planned)) as server:
            address = server.base_url.replace("://", "://user:pass-of-the-user@")
            for base_url in (server.base_url, address):
                failure = _result(name, base_url, SHORT_S)
                shown += [repr(failure), str(failure)]
                if isinstance(failure, Failure):
                    shown += [repr(failure.__context__), repr(failure.__cause__)]
    provider = provider_of(_profile(name, "http://a@b/v1"), {"THE_KEY": key})
    shown += [repr(provider), caplog.text]

    everything = "\n".join(shown)
    assert key not in everything
    assert key[:10] not in everything
    assert "pass-of-the-user" not in everything
