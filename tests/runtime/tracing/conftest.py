"""Spans in memory: one provider for the process, as OpenTelemetry allows only one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from promptops.runtime.request.rendered import PromptOrigin, RenderedRequest


@cache
def _exporter() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Finished spans of `promptops.traced`."""
    exporter = _exporter()
    exporter.clear()
    yield exporter
    exporter.clear()


@pytest.fixture
def request_of_v1() -> RenderedRequest:
    return RenderedRequest(
        messages=(
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "It blinks."},
        ),
        prompt="support/triage",
        version="1.2.0",
        inputs={"ticket": "It blinks.", "tags": ["a", "b"]},
        _fixed={"model": {"provider": "openai", "id": "gpt-5.4-mini"}},
        _origin=PromptOrigin(release="v1.8.0", channel="production", digest="d" * 64),
    )
