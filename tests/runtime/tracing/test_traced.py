"""Spans that `promptops.traced` opens."""

from __future__ import annotations

import asyncio
import contextvars
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

import promptops
from promptops.runtime.request.rendered import RenderedRequest
from promptops.runtime.request.span_attributes import response_attributes
from tests.runtime.tracing.test_response_attributes import CHAT, MESSAGE


def identity(request: RenderedRequest) -> dict[str, str]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5.4-mini",
        "gen_ai.prompt.name": "support/triage",
        "gen_ai.prompt.version": "1.2.0",
        "promptops.release": "v1.8.0",
        "promptops.channel": "production",
        "promptops.prompt.digest": "d" * 64,
        "promptops.request.digest": request.digest,
    }


def plain(attributes: Any) -> dict[str, Any]:
    """Sequences as lists: the SDK converts them to tuples."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in attributes.items()
    }


def test_a_call_is_a_client_span_with_the_prompt_and_the_facts_of_the_answer(
    spans, request_of_v1
) -> None:
    with promptops.traced(request_of_v1) as call:
        call.answer = CHAT

    assert call.answer is CHAT
    (span,) = spans.get_finished_spans()
    assert (span.name, span.kind, span.status.status_code) == (
        "chat gpt-5.4-mini",
        SpanKind.CLIENT,
        StatusCode.UNSET,
    )
    assert plain(span.attributes) == identity(request_of_v1) | response_attributes(CHAT)


def test_inputs_and_messages_are_recorded_only_on_request(spans, request_of_v1) -> None:
    with promptops.traced(request_of_v1, content=True) as call:
        call.answer = MESSAGE

    (span,) = spans.get_finished_spans()
    messages = {name: span.attributes[name] for name in span.attributes if "messages" in name}
    assert {name: json.loads(text) for name, text in messages.items()} == {
        "gen_ai.input.messages": [
            {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
            {"role": "user", "parts": [{"type": "text", "content": "It blinks."}]},
        ],
        "gen_ai.output.messages": [
            {
                "role": "assistant",
                "parts": [
                    {"type": "text", "content": "A moment."},
                    {"type": "tool_call", "id": "c1", "name": "look", "arguments": {"n": 1}},
                ],
                "finish_reason": "tool_use",
            }
        ],
    }
    assert plain(span.attributes) == {
        **identity(request_of_v1),
        **response_attributes(MESSAGE),
        **messages,
        "gen_ai.prompt.variable.ticket": "It blinks.",
        "gen_ai.prompt.variable.tags": '["a", "b"]',
    }


@pytest.mark.parametrize(
    ("error", "recorded"),
    [
        (TimeoutError("the secret text"), "TimeoutError"),
        (asyncio.CancelledError(), "asyncio.exceptions.CancelledError"),
        (promptops.UsageError("the secret text"), "promptops.errors.UsageError"),
    ],
)
def test_an_exception_passes_and_is_recorded_by_its_type_alone(
    spans, request_of_v1, error, recorded
) -> None:
    with pytest.raises(type(error)) as raised, promptops.traced(request_of_v1):
        raise error

    assert raised.value is error
    (span,) = spans.get_finished_spans()
    assert plain(span.attributes) == identity(request_of_v1) | {"error.type": recorded}
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert span.events == ()


CHAT_CHUNKS = [
    {"id": "c1", "model": "m1", "choices": [{"delta": {"content": "Y"}, "finish_reason": None}]},
    {"id": "c1", "model": "m1", "choices": [{"delta": {}, "finish_reason": "stop"}]},
    {
        "id": "c1",
        "model": "m1",
        "choices": [],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    },
]
RESPONSE_EVENTS = [
    {"type": "response.created", "response": {"id": "c1", "model": "m1", "status": "in_progress"}},
    {"type": "response.output_text.delta", "delta": "Y"},
    {
        "type": "response.completed",
        "response": {
            "id": "c1",
            "model": "m1",
            "status": "completed",
            "usage": {"input_tokens": 3, "output_tokens": 1},
        },
    },
]
MESSAGE_EVENTS = [
    {
        "type": "message_start",
        "message": {"id": "c1", "model": "m1", "usage": {"input_tokens": 3, "output_tokens": 0}},
    },
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Y"}},
    {"type": "message_delta", "delta": {"stop_reason": "stop"}, "usage": {"output_tokens": 1}},
    {"type": "message_stop"},
]
CONTENT_CHUNKS = [
    {"responseId": "c1", "modelVersion": "m1", "candidates": [{"content": {}}]},
    {
        "responseId": "c1",
        "candidates": [{"finishReason": "stop"}],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1},
    },
]
STREAMS = {
    "chat": CHAT_CHUNKS,
    "responses": RESPONSE_EVENTS,
    "anthropic": MESSAGE_EVENTS,
    "gemini": CONTENT_CHUNKS,
}


@pytest.mark.parametrize("name", STREAMS)
def test_the_chunks_of_a_stream_add_up(spans, request_of_v1, name) -> None:
    with promptops.traced(request_of_v1) as call:
        for chunk in STREAMS[name]:
            call.answer = chunk

    (span,) = spans.get_finished_spans()
    assert plain(span.attributes) == identity(request_of_v1) | {
        "gen_ai.response.id": "c1",
        "gen_ai.response.model": "m1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 1,
    }


def test_a_generator_may_end_in_another_context_and_its_reader_may_stop_early(
    spans, request_of_v1, caplog
) -> None:
    def stream() -> Iterator[Any]:
        with promptops.traced(request_of_v1) as call:
            for chunk in CHAT_CHUNKS:
                call.answer = chunk
                yield chunk

    whole, early = stream(), stream()
    for _ in CHAT_CHUNKS:
        contextvars.copy_context().run(next, whole)
    contextvars.copy_context().run(list, whole)
    contextvars.copy_context().run(next, early)
    early.close()

    assert caplog.messages == []
    ended = [
        (span.status.status_code, "error.type" in span.attributes)
        for span in spans.get_finished_spans()
    ]
    assert ended == [(StatusCode.UNSET, False)] * 2


def test_threads_and_tasks_have_spans_of_their_own(spans, request_of_v1) -> None:
    def in_thread(name: str) -> None:
        with promptops.traced(request_of_v1) as call:
            call.answer = {"id": name}

    async def in_task(name: str) -> None:
        with promptops.traced(request_of_v1) as call:
            await asyncio.sleep(0)
            call.answer = {"id": name}

    async def in_tasks() -> None:
        await asyncio.gather(*(in_task(f"task {n}") for n in range(5)))

    threads = [threading.Thread(target=in_thread, args=(f"thread {n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    asyncio.run(in_tasks())
    for thread in threads:
        thread.join()

    finished = spans.get_finished_spans()
    assert sorted(span.attributes["gen_ai.response.id"] for span in finished) == sorted(
        [f"{kind} {n}" for kind in ("task", "thread") for n in range(5)]
    )
    assert {span.parent for span in finished} == {None}


def test_spans_inside_are_children_and_the_context_is_restored(spans, request_of_v1) -> None:
    tracer = trace.get_tracer("http client")

    with promptops.traced(request_of_v1), tracer.start_as_current_span("POST"):
        pass

    child, parent = spans.get_finished_spans()
    assert child.parent.span_id == parent.context.span_id
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_an_answer_that_breaks_when_read_never_breaks_the_call(spans, request_of_v1) -> None:
    class Broken:
        @property
        def usage(self) -> None:
            raise RuntimeError("closed")

    with promptops.traced(request_of_v1, content=True) as call:
        call.answer = Broken()

    assert len(spans.get_finished_spans()) == 1


def test_gemini_is_named_as_in_the_conventions(spans, request_of_v1) -> None:
    request_of_v1._fixed = {"model": {"provider": "gemini"}}

    with promptops.traced(request_of_v1):
        pass

    (span,) = spans.get_finished_spans()
    assert (span.name, span.attributes["gen_ai.provider.name"]) == ("chat", "gcp.gemini")


IMPORTING = """\
import sys
sys.modules.update(BLOCKED)
import promptops
assert not [name for name in sys.modules if name.startswith("opentelemetry.")]
promptops.load, promptops.RenderedRequest
assert not [name for name in sys.modules if name.startswith("opentelemetry.")]
from promptops.runtime.request.rendered import RenderedRequest
request = RenderedRequest(messages=(), prompt="a", version=None, inputs={}, _fixed={})
with promptops.traced(request, content=True) as call:
    call.answer = "Yes."
print(call.answer, type(call).__name__)
try:
    promptops.PromptAttributes()
except promptops.UsageError as error:
    print(error.message)
"""


@pytest.mark.parametrize(
    ("blocked", "printed"),
    [
        (
            "{'opentelemetry': None}",
            "Yes. Call\n`PromptAttributes` needs the package `opentelemetry-api`\n",
        ),
        ("{}", "Yes. _SpanCall\n"),
    ],
    ids=["not installed", "the API alone"],
)
def test_opentelemetry_is_imported_by_the_first_traced_call_if_it_is_installed(
    blocked, printed
) -> None:
    program = IMPORTING.replace("BLOCKED", blocked)

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == (printed, "")
