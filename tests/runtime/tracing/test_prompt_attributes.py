"""The span processor for applications that have an instrumentation of their client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.context import Context, get_current
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

import promptops

Instrumented = tuple[Tracer, InMemorySpanExporter]


@pytest.fixture
def instrumented() -> Iterator[Instrumented]:
    """A tracer as an instrumentation has it, and the spans that it exported."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(promptops.PromptAttributes())
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("instrumentation"), exporter
    provider.shutdown()


def test_spans_inside_of_traced_get_the_attributes_and_there_is_no_other_span(
    instrumented, spans, request_of_v1
) -> None:
    tracer, exporter = instrumented

    with promptops.traced(request_of_v1) as call:
        tracer.start_span("chat m", attributes={"gen_ai.response.id": "c1"}).end()
        call.answer = "Yes."
    with tracer.start_as_current_span("outside"):
        pass

    found = {span.name: dict(span.attributes) for span in exporter.get_finished_spans()}
    assert found == {
        "chat m": {"gen_ai.response.id": "c1", **request_of_v1.attributes()},
        "outside": {},
    }
    assert (call.answer, spans.get_finished_spans()) == ("Yes.", ())


def test_inputs_are_added_only_on_request(instrumented, request_of_v1) -> None:
    tracer, exporter = instrumented

    with promptops.traced(request_of_v1, content=True):
        tracer.start_span("chat m").end()

    (span,) = exporter.get_finished_spans()
    assert dict(span.attributes) == request_of_v1.attributes(inputs=True)


def test_an_inner_call_replaces_the_outer_one_until_it_ends(instrumented, request_of_v1) -> None:
    tracer, exporter = instrumented
    inner = request_of_v1.__replace__(prompt="inner")

    with promptops.traced(request_of_v1):
        with promptops.traced(inner):
            tracer.start_span("1").end()
        tracer.start_span("2").end()

    names = [span.attributes["gen_ai.prompt.name"] for span in exporter.get_finished_spans()]
    assert names == ["inner", "support/triage"]


def test_the_context_of_the_span_decides(instrumented, request_of_v1) -> None:
    tracer, exporter = instrumented

    with promptops.traced(request_of_v1):
        context = get_current()
        tracer.start_span("elsewhere", context=Context()).end()
    tracer.start_span("handed over", context=context).end()

    found = {
        span.name: "gen_ai.prompt.name" in span.attributes for span in exporter.get_finished_spans()
    }
    assert found == {"elsewhere": False, "handed over": True}


def test_after_a_shutdown_traced_opens_spans_again(spans, request_of_v1) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(promptops.PromptAttributes())
    assert provider.force_flush()
    provider.shutdown()

    with promptops.traced(request_of_v1):
        pass

    assert len(spans.get_finished_spans()) == 1
