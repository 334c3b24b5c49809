"""The instrumentation of the OpenAI client by OpenTelemetry, in a process of its own.

It changes the client's classes.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.servers.fault_server import fault_server

PROGRAM = """\
import json
import sys

import openai
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import set_tracer_provider

import promptops
from promptops.runtime.request.rendered import PromptOrigin, RenderedRequest
from promptops.runtime.request.span_attributes import response_attributes

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(promptops.PromptAttributes())
provider.add_span_processor(SimpleSpanProcessor(exporter))
set_tracer_provider(provider)
OpenAIInstrumentor().instrument()
request = RenderedRequest(
    messages=({"role": "user", "content": "Hello."},),
    prompt="support/triage",
    version="1.2.0",
    inputs={},
    _fixed={"model": {"provider": "openai", "id": "m"}},
    _origin=PromptOrigin(release="v1.8.0", channel="production", digest="d"),
)
client = openai.OpenAI(base_url=sys.argv[1], api_key="no-key", max_retries=0, timeout=60)
with promptops.traced(request) as call:
    call.answer = answer = client.chat.completions.create(**request.openai())
with promptops.traced(request) as call:
    for chunk in client.chat.completions.create(**request.openai(), stream=True):
        call.answer = chunk
spans = [{"name": span.name, **span.attributes} for span in exporter.get_finished_spans()]
print(json.dumps({"spans": spans, "read": response_attributes(answer)}))
"""


@pytest.mark.slow
def test_its_spans_get_the_attributes_and_each_call_is_one_span() -> None:
    pytest.importorskip("opentelemetry.instrumentation.genai.openai")
    with fault_server() as server:
        command = [sys.executable, "-c", PROGRAM, server.base_url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    whole, streamed = printed["spans"]
    assert [{name: span[name] for name in EXPECTED} for span in (whole, streamed)] == [EXPECTED] * 2
    # `traced` alone would have read the same from the answer.
    assert {name: whole[name] for name in printed["read"]} == printed["read"]
    assert len(printed["read"]) >= 5


EXPECTED = {
    "name": "chat m",
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "m",
    "gen_ai.prompt.name": "support/triage",
    "gen_ai.prompt.version": "1.2.0",
    "promptops.release": "v1.8.0",
    "promptops.channel": "production",
    "promptops.prompt.digest": "d",
    "promptops.request.digest": "13c4a3bf4e1b8da2fc2353e71558a9db770a42146a4fef16d50d53640da66b9b",
}
