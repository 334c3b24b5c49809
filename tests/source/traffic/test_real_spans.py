"""Spans of a real model by the official instrumentation, in a file of the official exporter.

The instrumentation changes the classes of the client, so it runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.real_model import MODEL, missing, real_model
from tests.source.traffic.reading import Found

PROGRAM = """\
import json
import sys

import openai
from opentelemetry.exporter.otlp.json.file import FileSpanExporter
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import set_tracer_provider

import promptops
from promptops.runtime.request.rendered import PromptOrigin, RenderedRequest

address, model, path = sys.argv[1:]
provider = TracerProvider()
provider.add_span_processor(promptops.PromptAttributes())
provider.add_span_processor(BatchSpanProcessor(FileSpanExporter(path)))
set_tracer_provider(provider)
OpenAIInstrumentor().instrument()
client = openai.OpenAI(base_url=address, api_key="no-key", max_retries=0, timeout=600)
for number in range(3):
    text = f"Say {number}."
    request = RenderedRequest(
        messages=({"role": "system", "content": "Be brief."}, {"role": "user", "content": text}),
        prompt="support/triage",
        version="1.8.0",
        inputs={"number": number},
        _fixed={"model": {"provider": "openai", "id": model}, "params": {"max_output_tokens": 8}},
        _origin=PromptOrigin(release="v1.8.0", channel="production", digest="4f2a"),
    )
    with promptops.traced(request, content=True) as call:
        call.answer = answer = client.chat.completions.create(**request.openai())
    print(json.dumps(answer.choices[0].message.content))
provider.shutdown()
"""
CONTENT = {
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
}


@pytest.mark.slow
def test_spans_of_a_real_model_are_samples_with_prompt_inputs_messages_and_answer(tmp_path):
    if reason := missing():
        pytest.skip(reason)
    path = tmp_path / "traces.jsonl"
    with real_model() as address:
        command = [sys.executable, "-c", PROGRAM, address.base_url, MODEL, str(path)]
        environment = {**os.environ, **CONTENT}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    found = Found([path])
    assert [each.output for each in found.samples] == answers
    assert [each.inputs for each in found.samples] == [{"number": str(n)} for n in range(3)]
    assert [each.messages for each in found.samples] == [
        ({"role": "system", "content": "Be brief."}, {"role": "user", "content": f"Say {n}."})
        for n in range(3)
    ]
    assert {(each.prompt, each.version, each.release) for each in found.samples} == {
        ("support/triage", "1.8.0", "v1.8.0")
    }
    assert all(each.usage and each.usage.input and each.latency_s for each in found.samples)
    assert (found.broken, found.ignored) == ([], {})
