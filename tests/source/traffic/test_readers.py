"""What each reader makes of a file as the tool writes it; whole samples are compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from promptops.errors import UsageError
from promptops.model.answer import Usage
from promptops.model.score import FIELD_NAMES, SAMPLE_KEYS, Sample
from promptops.source.traffic.reading import reader, reader_names
from promptops.source.traffic.values import instant
from tests.source.traffic.reading import EXPORTS, Found, exported

ROOT = Path(__file__).parents[3]
TICKET = (
    {"role": "system", "content": "Sort the ticket."},
    {"role": "user", "content": "I was charged twice."},
)
PROMPT = {
    "prompt": "support/triage",
    "version": "1.8.0",
    "release": "v1.8.0",
    "channel": "production",
    "prompt_digest": "4f2a",
    "request_digest": "9c1d",
}
USAGE = Usage(input=412, output=88, cached=256)
HELLO = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello."})


def sample(name: str, **facts: Any) -> Sample:
    return Sample(path=str(EXPORTS / name), **facts)


def test_samples_need_a_prompt_and_an_answer_and_may_have_more() -> None:
    name = "samples.jsonl"

    found = exported(name)

    assert found.samples == [
        sample(
            name,
            **PROMPT,
            id="req-1",
            at=1793527200.0,
            conversation="c1",
            trace_id="0af7651916cd43dd8448eb211c80319c",
            span_id="b7ad6b7169203331",
            inputs={"ticket": "I was charged twice.", "tags": ["vip"]},
            messages=TICKET[1:],
            output="Billing.",
            tool_calls=({"name": "route", "arguments": {"to": "billing"}},),
            finish_reason="stop",
            model="gpt-5.4-mini",
            fingerprint="fp_1",
            usage=USAGE,
            latency_s=1.25,
            cost_usd=0.0012,
        ),
        sample(name, id="samples.jsonl:692", offset=692, prompt="faq", output="Yes."),
        sample(
            name,
            id="samples.jsonl:728",
            offset=728,
            at=1793527200.123,
            prompt="faq",
            output='{"answer": "Ja, natürlich"}',
            usage=Usage(input=3, output=1),
            error="timeout",
        ),
        sample(
            name,
            id="samples.jsonl:926",
            offset=926,
            prompt="faq",
            version="2.0.0",
            release="v2.0.0",
            output="No.",
        ),
    ]
    assert found.similar == [("vesrion", "version")]  # once, although two lines have it
    assert (found.lines, found.broken, found.ignored) == (4, [], {})


def test_spans_of_the_real_instrumentation_are_samples() -> None:
    name = "otlp-instrumentation.jsonl"

    assert exported(name).samples == [
        sample(
            name,
            id="chatcmpl-1",
            at=1795809039.8513877,
            prompt="support/triage",
            version="1.2.0",
            release="v1.8.0",
            channel="production",
            trace_id="a0b3e77b9485f5bb144f3cf79306df25",
            span_id="af164ff8cf2ae678",
            inputs={"ticket": "Hello.", "n": "3"},
            inputs_are_text=True,
            messages=HELLO,
            output="Hello.",
            finish_reason="stop",
            model="m",
            fingerprint="fp_echo",
            usage=Usage(input=3, output=1),
            latency_s=0.060651022,
            prompt_digest="d",
            request_digest="5fbcae22a55621802ab81ac16ed6f5c8e30e86324bc605c25e82bb456923869b",
        )
    ]


def test_events_of_the_real_instrumentation_are_samples_with_structured_messages() -> None:
    name = "otlp-events.jsonl"

    found = exported(name)

    assert found.samples == [
        sample(
            name,
            id="chatcmpl-1",
            at=1795809039.907746,
            trace_id="a0b3e77b9485f5bb144f3cf79306df25",
            span_id="af164ff8cf2ae678",
            messages=HELLO,
            output="Hello.",
            finish_reason="stop",
            model="m",
            fingerprint="fp_echo",
            usage=Usage(input=3, output=1),
        )
    ]
    assert found.ignored == {"log record": 1}


def test_spans_of_one_response_are_one_sample_and_older_names_are_read() -> None:
    name = "otlp-spans.jsonl"

    found = exported(name)

    assert found.samples == [
        sample(
            name,
            id="chatcmpl-a1",
            at=1793527200.0,
            prompt="support/orders",
            version="1.8.0",
            release="v1.8.0",
            conversation="conv-7",
            trace_id="5b8efff798038103d269b633813fc60c",
            span_id="00f067aa0ba902b7",
            inputs={"order": "17", "tags": '["new"]'},
            inputs_are_text=True,
            messages=(
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Where is order 17? "},
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": ({"name": "find_order", "arguments": {"id": 17}},),
                },
                {
                    "role": "tool",
                    "content": '{"status": "sent", "late": false}',
                    "tool_call_id": "call_1",
                },
            ),
            output="It was sent.",
            tool_calls=({"name": "track", "arguments": {"weight": 1.5}},),
            finish_reason="tool_calls",
            model="gpt-5.4-mini-2026-03-17",
            usage=USAGE,
            latency_s=1.25,
        ),
        sample(
            name,
            offset=5231,
            id="10f067aa0ba902b7",
            at=1793527300.0,
            prompt="support/triage",
            version="3",
            trace_id="6b8efff798038103d269b633813fc60c",
            span_id="10f067aa0ba902b7",
            messages=HELLO,
            output='{"category": "billing"}',
            tool_calls=({"name": "track", "arguments": {"id": 17}},),
            finish_reason="stop",
            model="gpt-4o-2024-08-06",
            fingerprint="fp_9",
            usage=Usage(input=20, output=5),
            latency_s=0.5,
        ),
        sample(
            name,
            offset=5231,
            id="20f067aa0ba902b7",
            at=1793527400.0,
            prompt="faq",
            version="2",
            trace_id="7b8efff798038103d269b633813fc60c",
            span_id="20f067aa0ba902b7",
            model="m",
            latency_s=0.5,
            error="openai.RateLimitError",
        ),
    ]
    assert (found.lines, found.broken, found.ignored) == (3, [], {"span": 2})


def test_generations_of_langfuse_are_samples() -> None:
    name = "langfuse.jsonl"

    found = exported(name)

    assert found.samples == [
        sample(
            name,
            **PROMPT,
            id="7d2e9b6c1f4a8035",
            at=1793527200.25,
            conversation="s-42",
            trace_id="0af7651916cd43dd8448eb211c80319c",
            messages=TICKET,
            output='{"category": "billing"}',
            model="gpt-5.4-mini",
            usage=USAGE,
            latency_s=1.25,
            cost_usd=0.0012,
        ),
        sample(
            name,
            offset=1101,
            id="7d2e9b6c1f4a8036",
            at=1793527260.0,
            prompt="faq",
            version="2.0.0",
            trace_id="0af7651916cd43dd8448eb211c80319d",
            model="m",
            error="timeout",
        ),
        sample(
            name,
            offset=1601,
            id="7d2e9b6c1f4a8037",
            at=1793527320.0,
            prompt="support/triage",
            version="4",
            trace_id="0af7651916cd43dd8448eb211c80319e",
            messages=TICKET,
            output="Billing.",
            unwrapped=True,
            tool_calls=({"name": "route", "arguments": {"to": "billing"}},),
            model="m",
            usage=Usage(input=10, output=2),
        ),
    ]
    assert (found.lines, found.ignored) == (4, {"observation": 1})


def test_requests_of_helicone_are_samples() -> None:
    name = "helicone.jsonl"

    found = exported(name)

    assert found.samples == [
        sample(
            name,
            **PROMPT,
            id="0e8f6d1c-77a1-4c55-9f3e-2b7a5b9c1d20",
            at=1793527200.25,
            conversation="s-42",
            messages=TICKET,
            output="Billing.",
            finish_reason="stop",
            model="gpt-5.4-mini-2026-03-17",
            fingerprint="fp_1",
            usage=USAGE,
            latency_s=1.25,
            cost_usd=0.0012,
        ),
        sample(
            name,
            offset=1595,
            id="0e8f6d1c-77a1-4c55-9f3e-2b7a5b9c1d21",
            at=1793527260.0,
            prompt="support/orders",
            version="1.7.0",
            messages=(
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Where is it?"},
            ),
            output="One moment.",
            tool_calls=({"name": "track", "arguments": {"id": 17}},),
            finish_reason="tool_use",
            model="claude-sonnet-5",
            usage=Usage(input=50, output=9, cached=20),
            latency_s=0.9,
        ),
        sample(
            name,
            offset=2384,
            id="0e8f6d1c-77a1-4c55-9f3e-2b7a5b9c1d22",
            at=1793527320.0,
            prompt="faq",
            latency_s=0.04,
            cost_usd=0.0,
            error="HTTP 429",
        ),
    ]


def test_stored_completions_are_samples() -> None:
    name = "openai.jsonl"

    assert exported(name).samples == [
        sample(
            name,
            **PROMPT,
            id="chatcmpl-C1",
            at=1793527200.0,
            messages=TICKET,
            output="Billing.",
            finish_reason="stop",
            model="gpt-5.4-mini-2026-03-17",
            fingerprint="fp_1",
            usage=USAGE,
        ),
        sample(
            name,
            offset=914,
            id="chatcmpl-C2",
            at=1793527300.0,
            prompt="support/route",
            output="",
            tool_calls=({"name": "route", "arguments": {"to": "billing"}},),
            finish_reason="tool_calls",
            model="gpt-5.4-mini-2026-03-17",
            usage=Usage(input=40, output=8),
        ),
    ]


def test_fields_of_a_log_are_where_its_pointers_lead(tmp_path) -> None:
    log = tmp_path / "app.log"
    log.write_text(
        '{"meta": {"prompt": "faq"}, "prompt": "ignored", "response": {"text": "Yes.", "ms": 250},'
        ' "tokens": [3, 1], "model": "m"}\n{"response": {"text": "Yes."}}\n'
        '{"meta": {"prompt": "faq"}}\n'
    )
    fields = {
        "prompt": "/meta/prompt",
        "output": "/response/text",
        "latency_ms": "/response/ms",
        "input_tokens": "/tokens/0",
        "output_tokens": "/tokens/1",
    }

    found = Found([log], fields)

    assert found.samples == [
        Sample(
            id="app.log:0",
            path=str(log),
            prompt="faq",
            output="Yes.",
            usage=Usage(input=3, output=1),
            latency_s=0.25,
            model="m",
        )
    ]
    assert found.broken == [
        (2, 1, "no `prompt` at /meta/prompt"),
        (3, 1, "no answer: none of `output`, `tool_calls` and `error` at /response/text"),
    ]
    assert fields.keys() <= FIELD_NAMES


@pytest.mark.parametrize(
    "written",
    [
        *(1793527200.25, 1793527200250, 1793527200250000, 1793527200250000000, "1793527200250"),
        *("2026-11-01T10:00:00.250Z", "2026-11-01T12:00:00.250+02:00", "2026-11-01 10:00:00.250"),
        "2026-11-01T10:00:00.250000123Z",
    ],
)
def test_a_time_is_read_in_any_unit_and_notation(written: object) -> None:
    assert instant(written) == 1793527200.25


@pytest.mark.parametrize("written", ["soon", "", True, -1, 1e300, "9" * 400, [], "²"])
def test_what_is_not_a_time_is_none(written: object) -> None:
    assert instant(written) is None


def test_each_format_is_a_file_and_an_unknown_name_is_a_usage_error() -> None:
    names = ["helicone", "json", "langfuse", "openai", "openinference", "otlp", "parquet"]

    assert reader_names() == names
    assert all(reader(name) for name in names)
    with pytest.raises(UsageError, match="`otpl` is not a format of samples") as raised:
        reader("otpl")
    assert raised.value.hint == "did you mean `otlp`?"


def test_the_schema_of_a_sample_has_the_keys_that_are_read() -> None:
    schema = json.loads((ROOT / "schemas" / "sample.schema.json").read_text())
    complete, short, *_ = (EXPORTS / "samples.jsonl").read_text().splitlines()
    validator = jsonschema.Draft202012Validator(schema)

    assert schema["properties"].keys() == SAMPLE_KEYS
    assert json.loads(complete).keys() == SAMPLE_KEYS
    assert [validator.is_valid(json.loads(line)) for line in (complete, short)] == [True, True]
    assert not validator.is_valid({"prompt": "p"})
    assert not validator.is_valid({"output": "yes"})
