"""Traces as Phoenix, Arize and Langfuse give them: spans, documents, and wrapped answers."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from promptops.model.answer import Usage
from promptops.model.score import Sample
from promptops.source.traffic.files import opened
from promptops.source.traffic.parts import parts, samples
from promptops.source.traffic.readers.openinference import flat, nested
from promptops.source.traffic.wrapped import unwrapped
from tests.source.traffic.reading import EXPORTS, Found, exported

TICKET = (
    {"role": "system", "content": "Sort the ticket."},
    {"role": "user", "content": "I was charged twice."},
)
ROUTE = ({"name": "route", "arguments": {"to": "billing"}},)
NAMED = {"prompt": "support/triage", "version": "1.8.0", "release": "v1.8.0"}


def test_spans_of_the_real_openinference_instrumentation_are_samples() -> None:
    name = "openinference.jsonl"
    usage = Usage(input=412, output=88, cached=256)
    trace = "cd2d13e0b45b8285cdfb96f090b57ada"
    known = {**NAMED, "conversation": "s-42", "trace_id": trace, "latency_s": 0.5}
    answered = {"model": "gpt-5.4-mini-2026-03-17", "fingerprint": "fp_1", "usage": usage}

    found = exported(name)

    assert found.samples == [
        Sample(
            path=str(EXPORTS / name), span_id=f"{number:016x}", at=1793527199.0 + number, **facts
        )
        for number, facts in enumerate(
            (
                {
                    "id": "chatcmpl-3",
                    **known,
                    **answered,
                    "messages": TICKET,
                    "output": "",
                    "tool_calls": ROUTE,
                    "finish_reason": "tool_calls",
                },
                {
                    "id": "chatcmpl-4",
                    **known,
                    **answered,
                    "messages": (
                        {"role": "user", "content": "What is this?"},
                        {
                            "role": "assistant",
                            "content": "",
                            "tool_calls": ({"name": "look", "arguments": {}},),
                        },
                        {"role": "tool", "content": "a cat", "tool_call_id": "c9"},
                    ),
                    "output": "Billing.",
                    "finish_reason": "stop",
                },
                {
                    "id": "resp_1",
                    **known,
                    "model": "gpt-5.4-mini",
                    "usage": Usage(input=12, output=4),
                    "messages": (
                        TICKET[0],
                        {"role": "user", "content": "Sort: charged twice"},
                    ),
                    "output": "Billing, by responses.",
                    "finish_reason": "completed",
                },
                {"id": f"{4:016x}", **known, "messages": TICKET, "error": "error"},
                {
                    "id": "chatcmpl-5",
                    "version": "v1",
                    "trace_id": trace,
                    "latency_s": 0.5,
                    **answered,
                    "inputs": {"ticket": "I was charged twice."},
                    "messages": TICKET,
                    "output": '{"category": "billing"}',
                    "finish_reason": "stop",
                },
            ),
            start=1,
        )
    ]
    assert (found.lines, found.broken, found.ignored) == (1, [], {"span": 1})


FLAT = {
    "openinference.span.kind": "LLM",
    "gen_ai.prompt.name": "support/triage",
    "metadata": json.dumps({"gen_ai.prompt.version": "1.8.0", "promptops.release": "v1.8.0"}),
    "llm.model_name": "m",
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "Sort the ticket.",
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.contents.0.message_content.type": "text",
    "llm.input_messages.1.message.contents.0.message_content.text": "I was charged twice.",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": "Billing.",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "route",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"to": "billing"}',
    "llm.token_count.prompt": 10,
    "llm.token_count.completion": 2,
    "llm.cost.total": 0.5,
}
CALL = {"tool_call.function.name": "route", "tool_call.function.arguments": '{"to": "billing"}'}
LISTED = {name: value for name, value in FLAT.items() if "messages" not in name} | {
    "llm.input_messages": [
        {"message.role": "system", "message.content": "Sort the ticket."},
        {"message.role": "user", "message.content": "I was charged twice."},
    ],
    "llm.output_messages": [
        {
            "message.role": "assistant",
            "message.content": "Billing.",
            "message.tool_calls": [CALL],
        }
    ],
}
TREE = {
    "openinference": {"span": {"kind": "LLM"}},
    "gen_ai": {"prompt": {"name": "support/triage"}},
    "metadata": {"gen_ai": {"prompt": {"version": "1.8.0"}}, "promptops.release": "v1.8.0"},
    "llm": {
        "model_name": "m",
        "input_messages": [{"message": message} for message in TICKET],
        "output_messages": [
            {
                "message": {
                    "role": "assistant",
                    "content": "Billing.",
                    "tool_calls": [
                        {
                            "tool_call": {
                                "function": {"name": "route", "arguments": '{"to": "billing"}'}
                            }
                        }
                    ],
                }
            }
        ],
        "token_count": {"prompt": 10, "completion": 2},
        "cost": {"total": 0.5},
    },
}
TIMES = {"start_time": "2026-11-01T10:00:00Z", "end_time": "2026-11-01T10:00:01.250Z"}
CONTEXT = {"context": {"trace_id": "0xab", "span_id": "0xcd"}, **TIMES}
COLUMNS = {f"attributes.{name}": value for name, value in LISTED.items()}
SPANS = {
    "of the SDK": {**CONTEXT, "status": {"status_code": "OK"}, "attributes": FLAT},
    "of the API of Phoenix": {**CONTEXT, "status_code": "OK", "attributes": LISTED},
    "with objects in objects": {**CONTEXT, "span_kind": "LLM", "attributes": TREE},
    "of a table": {"context.trace_id": "ab", "context.span_id": "cd", **TIMES, **COLUMNS},
}
CHAIN = {**CONTEXT, "span_kind": "CHAIN", "attributes": {"input.value": "hello"}}


def lines(rows: list[Any]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


@pytest.mark.parametrize(
    "written",
    [
        lines,
        lambda rows: json.dumps(rows, indent=2),
        lambda rows: json.dumps({"data": rows, "next_cursor": None}),
        lambda rows: json.dumps([{"traceId": "ab", "spans": rows}]),
    ],
    ids=["lines", "array", "page of an API", "trace"],
)
@pytest.mark.parametrize("span", SPANS.values(), ids=SPANS)
def test_a_span_of_phoenix_or_arize_is_a_sample(tmp_path: Path, span: Any, written: Any) -> None:
    path = tmp_path / "spans.json"
    path.write_text(written([span, CHAIN]))

    found = Found([path])

    assert found.samples == [
        Sample(
            id="cd",
            **NAMED,
            trace_id="ab",
            span_id="cd",
            at=1793527200.0,
            latency_s=1.25,
            messages=TICKET,
            output="Billing.",
            tool_calls=ROUTE,
            model="m",
            usage=Usage(input=10, output=2),
            cost_usd=0.5,
            path=str(path),
        )
    ]
    assert (found.broken, found.ignored) == ([], {"span": 1})


@pytest.mark.parametrize(
    ("attributes", "facts"),
    [
        ({"output.value": "Billing."}, {"output": "Billing."}),
        ({"output.value": '{"category": "billing"}'}, {"output": '{"category": "billing"}'}),
        (
            {"output.value": '{"choices": [{"message": {"content": "Yes."}}], "id": "c1"}'},
            {"output": "Yes.", "unwrapped": True},
        ),
        ({"input.value": "hello"}, {}),
        ({"llm.output_messages": "garbled", "llm.token_count": 3, "llm": 4}, {}),
        ({"llm.output_messages.x.message": 1, "llm.output_messages.0": 2}, {}),
        ({"metadata": "[1]", "llm.prompt_template.variables": "x"}, {}),
    ],
)
def test_a_span_without_messages_has_what_is_recorded(
    tmp_path: Path, attributes: dict[str, Any], facts: dict[str, Any]
) -> None:
    path = tmp_path / "spans.jsonl"
    path.write_text(
        lines([{"context": {"span_id": "s"}, "span_kind": "LLM", "attributes": attributes}])
    )

    assert Found([path]).samples == [Sample(id="s", span_id="s", path=str(path), **facts)]


def test_an_error_of_a_span_is_the_first_line_of_its_message(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    failed = {"context": {"span_id": "s"}, "span_kind": "LLM", "attributes": {}}
    sdk = {"status": {"status_code": "ERROR", "description": "BadRequest: no\nTraceback"}}
    path.write_text(lines([{**failed, **sdk}, {**failed, "status_code": "ERROR"}]))

    assert [each.error for each in Found([path]).samples] == ["BadRequest: no", "error"]


OBSERVATION = {
    "id": "o1",
    "traceId": "t1",
    "type": "GENERATION",
    "startTime": "2026-11-01T10:00:00.000Z",
    "endTime": "2026-11-01T10:00:01.250Z",
    "sessionId": "s-42",
    "model": "m",
    "input": [dict(message) for message in TICKET],
    "output": {"role": "assistant", "content": "Billing."},
    "usageDetails": {"input": 156, "input_cached_tokens": 256, "output": 88, "total": 500},
    "calculatedTotalCost": 0.0012,
    "latency": 1250,
    "level": "DEFAULT",
    "promptName": "faq in langfuse",
    "promptVersion": 4,
    "metadata": {
        "attributes.gen_ai.prompt.name": "support/triage",
        "attributes": {"gen_ai.prompt.version": "1.8.0", "promptops.release": "v1.8.0"},
    },
}
SPAN = {"id": "o2", "traceId": "t1", "type": "SPAN", "startTime": "2026-11-01T10:00:00.000Z"}
TRACE = {"id": "t1", "sessionId": "s-42", "timestamp": "2026-11-01T10:00:00.000Z", "scores": []}
BARE = {name: value for name, value in OBSERVATION.items() if name not in ("traceId", "sessionId")}
OLDER = {
    **{k: v for k, v in OBSERVATION.items() if k not in ("usageDetails", "calculatedTotalCost")},
    "usage": {"input": 412, "output": 88, "unit": "TOKENS", "inputCost": 3},
    "costDetails": {"total": 0.0012},
}
DOCUMENTS = {
    "a trace of the API": {**TRACE, "observations": [OBSERVATION, SPAN]},
    "a trace whose observations do not repeat it": {**TRACE, "observations": [{**BARE}, SPAN]},
    "a downloaded trace": {"trace": TRACE, "observations": [OBSERVATION, SPAN]},
    "observations of the API": {"data": [OBSERVATION, SPAN], "meta": {"cursor": None}},
    "downloaded observations": [OBSERVATION, SPAN],
    "observations of an older API": [OLDER, SPAN],
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_of_langfuse_has_samples(tmp_path: Path, document: Any, indent: Any) -> None:
    path = tmp_path / "trace.json"
    path.write_text(json.dumps(document, indent=indent))
    cached = 0 if document is DOCUMENTS["observations of an older API"] else 256

    found = Found([path])

    assert found.samples == [
        Sample(
            id="o1",
            **NAMED,
            at=1793527200.0,
            conversation="s-42",
            trace_id="t1",
            messages=TICKET,
            output="Billing.",
            unwrapped=True,
            model="m",
            usage=Usage(input=412, output=88, cached=cached),
            latency_s=1.25,
            cost_usd=0.0012,
            path=str(path),
        )
    ]
    assert (found.broken, found.ignored) == ([], {"observation": 1})


def test_a_list_of_traces_without_observations_says_what_to_get(tmp_path: Path) -> None:
    path = tmp_path / "traces.json"
    path.write_text(json.dumps({"data": [{**TRACE, "observations": ["o1"]}]}))

    message = "a trace without its observations: export them, or get each trace by its id"
    assert [each[2] for each in Found([path]).broken] == [message]


@pytest.mark.parametrize("compress", [False, True])
def test_samples_of_a_document_have_ids_of_their_own(tmp_path: Path, compress: bool) -> None:
    rows = [{"prompt": "faq", "output": "Yes."}, 3, {"prompt": "faq", "output": "No."}]
    path = tmp_path / "log.json"
    data = json.dumps(rows, indent=1).encode()
    path.write_bytes(gzip.compress(data) if compress else data)

    found = Found([path])

    assert [(each.id, each.output) for each in found.samples] == [
        ("log.json:0", "Yes."),
        ("log.json:2", "No."),
    ]
    assert (found.lines, found.parts) == (3, 1)
    assert found.broken == [(6, 2, "not a JSON object")]


LOST = "no answer: none of `output`, `tool_calls` and `error`"
WRONG = "`model` is not a string"
ROW_PLACES = {
    "an array in one line": ('[ {"prompt": "p"},1, {"prompt": "é"}, [2]]',
        [(1, 3, LOST), (1, 19, "not a JSON object"), (1, 22, LOST), (1, 39, "not a JSON object")]),
    "an array over several lines": ('[\n  {"prompt": "é",\n "a": [1, "]"]},\r\n\n{"prompt":\n"p"}]',
        [(2, 3, LOST), (5, 1, LOST)]),
    "a byte order mark": ('\ufeff[\n{"prompt": "p"}]', [(2, 1, LOST)]),
    "a row that is read before it": ('[\n{"prompt": "p", "output": "é"},\n{"prompt": "p"}\n]',
        [(3, 1, LOST)]),
    "a value of a wrong type": ('[\n{"prompt": "p",\n "output": "a",\n "model": {}}, 4]',
        [(4, 2, WRONG), (4, 16, "not a JSON object")]),
    "a page of an API": ('{"a": {"data": [3]},\n "data": [{"object": "chat.completion"},\n 5]}',
        [(3, 2, "not a JSON object")]),
    "one object": ('\n{"prompt": "p",\n "output": "a", "model": {}}', [(3, 17, WRONG)]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "broken"), ROW_PLACES.values(), ids=ROW_PLACES)
@pytest.mark.parametrize("compress", [False, True])
def test_a_row_of_a_document_is_reported_where_it_begins(
    tmp_path: Path, text: str, broken: list[tuple[int, int, str]], compress: bool
) -> None:
    path = tmp_path / "log.json"
    path.write_bytes(gzip.compress(text.encode()) if compress else text.encode())
    form = "openai" if "object" in text else "json"

    assert Found([path], form=form).broken == broken


def test_places_of_many_rows_are_found_in_one_pass(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(f"[{'1,' * 20_000}1]")
    with opened([str(path)]) as files:
        (part,) = parts(files, "json")
        *values, end = samples(part, {})

    assert (len(values), end.lines) == (20_001, 20_001)
    assert (values[-1].offset, values[-1].column) == (40_001, 40_002)


@pytest.mark.parametrize(
    ("form", "text", "samples"),
    [
        ("otlp", '{\n "resourceSpans": []\n}', 0),
        ("json", "[]", 0),
        ("json", "[\n]", 0),
        ("json", '{"data": [{"prompt": "p"}], "prompt": "p", "output": "a"}', 1),
        ("openai", '{"object": "list", "data": [{"object": "chat.completion", "id": "c"}]}', 1),
    ],
)
def test_other_documents_are_read_too(tmp_path: Path, form: str, text: str, samples: int) -> None:
    path = tmp_path / "log.json"
    path.write_text(text)

    found = Found([path], form=form)

    assert (len(found.samples), found.broken) == (samples, [])


WRAPPED = {
    "the parts of Gemini": (
        {
            "content": {
                "role": "model",
                "parts": [{"text": "so", "thought": True}, {"text": "Yes."}],
            }
        },
        ("Yes.", ()),
    ),
    "a call of Gemini": (
        {"content": {"parts": [{"functionCall": {"name": "route", "args": {"to": "billing"}}}]}},
        ("", ROUTE),
    ),
    "a message under a key": ({"message": {"role": "assistant", "content": "Yes."}}, ("Yes.", ())),
    "a choice": ({"index": 0, "message": {"content": "Yes."}, "logprobs": None}, ("Yes.", ())),
    "a list with one message": ([{"content": "Yes."}], ("Yes.", ())),
    "a list with one choice": ([{"message": {"content": "Yes."}}], ("Yes.", ())),
    "a message of LangChain": (
        [{"content": "Yes.", "type": "ai", "additional_kwargs": {}, "response_metadata": {}}],
        ("Yes.", ()),
    ),
    "a message of OpenTelemetry": (
        [
            {
                "role": "assistant",
                "parts": [
                    {"type": "text", "content": "Yes."},
                    {"type": "tool_call", "name": "route", "arguments": {"to": "billing"}},
                ],
            }
        ],
        ("Yes.", ROUTE),
    ),
    "the parts of Anthropic": (
        [
            {"type": "thinking", "thinking": "hm"},
            {"type": "text", "text": "Yes."},
            {"type": "tool_use", "id": "t", "name": "route", "input": {"to": "billing"}},
        ],
        ("Yes.", ROUTE),
    ),
    "a message with calls": (
        {"content": None, "tool_calls": [{"function": {"name": "route", "arguments": "{}"}}]},
        ("", ({"name": "route", "arguments": {}},)),
    ),
    "a message": ({"role": "assistant", "content": "Yes."}, ("Yes.", ())),
    "a refusal": ({"role": "assistant", "content": None, "refusal": "No."}, ("No.", ())),
    "an older call": (
        {
            "role": "assistant",
            "content": None,
            "function_call": {"name": "route", "arguments": '{"to": "billing"}'},
        },
        ("", ROUTE),
    ),
    "a cut off thought": (
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}], "id": "m"},
        ("", ()),
    ),
    "an item of a response": (
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Yes."}],
        },
        ("Yes.", ()),
    ),
    "a message of Anthropic": (
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": "Yes."}],
            "usage": {"input_tokens": 3, "output_tokens": 4},
            "diagnostics": {},
        },
        ("Yes.", ()),
    ),
    "a response of Ollama": (
        {"model": "m", "message": {"role": "assistant", "content": "Yes."}, "done": True},
        ("Yes.", ()),
    ),
    "keys without a value": (
        {"role": "assistant", "content": "Yes.", "parsed": None},
        ("Yes.", ()),
    ),
    "a response of an unknown provider": (
        {
            "choices": [{"message": {"content": "Yes.", "own": 1}, "own": 2}],
            "usage": {"prompt_tokens": 3},
            "own": 3,
        },
        ("Yes.", ()),
    ),
    "a response": (
        {
            "object": "response",
            "model": "m",
            "output": [
                {"type": "reasoning", "summary": []},
                {"type": "message", "content": [{"type": "output_text", "text": "Yes."}]},
            ],
            "temperature": 1,
        },
        ("Yes.", ()),
    ),
    "a blocked candidate": ({"candidates": [{"finishReason": "SAFETY", "index": 0}]}, ("", ())),
    "a filtered choice": (
        {"choices": [{"message": {"role": "assistant"}, "finish_reason": "content_filter"}]},
        ("", ()),
    ),
    "a completion": ({"choices": [{"message": {"content": "Yes."}}]}, ("Yes.", ())),
}
NOT_WRAPPED = [
    {"category": "billing"},
    {"message": "Yes."},
    {"content": "Yes."},
    {"message": {"subject": "a", "body": "b"}},
    {"content": {"title": "a"}},
    {"role": "user", "content": "a"},
    {"role": "manager", "content": "a", "since": 2020},
    {"choices": "a or b"},
    {"choices": []},
    {"choices": [{"message": {}}]},
    {"choices": [{"message": {"subject": "a", "body": "b"}}]},
    {"choices": [{"message": {"content": "a", "decision": "refund"}}]},
    {"choices": [{"message": {"content": "a"}, "decision": "refund"}]},
    {"choices": [{"message": {"content": "a"}}], "decision": "refund"},
    {"choices": [{"message": {"content": {"title": "a"}}}]},
    {"choices": [1], "candidates": ["a"]},
    {"candidates": [{"name": "Ada"}]},
    {"candidates": [{"name": "Ada", "finishReason": "STOP"}]},
    {"candidates": [{"content": {"parts": [{"title": "a"}]}}]},
    {"candidates": [{"content": {"parts": [{"text": "a"}]}}], "best": "Ada"},
    {"candidates": [{"name": "Ada"}], "usage": {"hours": 3}},
    {"object": "response", "output": ["a"]},
    {"object": "response", "output": [{"type": "a"}]},
    {"object": "response", "output": "a"},
    {"type": "message", "content": [{"type": "text", "text": "a"}]},
    {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": "a"}],
        "decision": "refund",
    },
    {"role": "assistant", "content": "c", "decision": "refund"},
    {"role": "assistant", "content": {"category": "billing"}},
    {"role": "assistant", "content": {"text": "a", "score": 1}},
    {"role": "assistant", "content": [{"type": "text", "title": "a"}]},
    {"role": "assistant", "content": ["a", {"score": 1}]},
    {"role": "assistant", "content": ["a", 1]},
    {"role": "assistant", "content": 3},
    {"role": "assistant", "content": "a", "tool_calls": ["b"]},
    {"role": "assistant", "content": "a", "tool_calls": {"b": 1}},
    {"content": "a", "tool_calls": [], "score": 1},
    {"message": {"content": "x"}, "decision": "refund"},
    {"message": {"role": "assistant", "content": "x"}, "decision": "refund"},
    {"message": {"content": "x", "name": "Ada"}},
    {"message": {"role": "user", "content": "x"}},
    {"message": {"role": ["assistant"], "content": "x"}},
    {"content": {"parts": [{"title": "a"}]}},
    {"content": {"parts": [{"text": "a"}]}, "decision": "refund"},
    {"content": {"parts": [{"text": "a"}], "title": "b"}},
    {"content": {"parts": [{"functionCall": 3}]}},
    {"content": {"parts": ["a", 2]}},
    [{"type": "text", "title": "a"}],
    [{"type": "text", "text": "a", "required": True}],
    [{"type": "text", "text": {"title": "a"}}, {"type": "text", "text": "b"}],
    [{"type": "tool_call", "title": "a"}, {"type": "text", "text": "b"}],
    [{"type": "reasoning", "text": "a"}],
    [{"type": "email", "content": "a"}],
    [{"type": {}, "content": "a", "role": []}],
    [{"name": "Ada", "content": "a"}],
    [{"role": "user", "content": "a"}],
    [{"content": "a", "score": 1}],
    [{"content": "a"}, {"content": "b"}],
    [{"type": "bug", "title": "a"}],
    {"type": ["string", "null"]},
    {"role": {"name": "a"}, "content": "a"},
    [{"type": ["text"], "text": "a"}],
    [],
    [1],
    {},
    None,
    "Yes.",
]


@pytest.mark.parametrize(("written", "expected"), WRAPPED.values(), ids=WRAPPED)
def test_an_answer_is_taken_out_of_its_message(
    tmp_path: Path, written: Any, expected: tuple[str, Any]
) -> None:
    path = tmp_path / "log.jsonl"
    generation = {**OBSERVATION, "output": json.dumps(written)}
    path.write_text(lines([{"prompt": "faq", "output": written}]) + "")
    other = tmp_path / "langfuse.jsonl"
    other.write_text(lines([generation]))

    samples = Found([path, other]).samples

    assert [(each.output, each.tool_calls, each.unwrapped) for each in samples] == [
        (*expected, True),
        (*expected, True),
    ]


@pytest.mark.parametrize("written", NOT_WRAPPED, ids=json.dumps)
def test_json_that_a_model_wrote_stays_as_it_is(written: Any) -> None:
    assert unwrapped(written) is None


@pytest.mark.parametrize("form", ["lines", "array"])
def test_a_schema_as_an_answer_does_not_end_the_report(tmp_path: Path, form: str) -> None:
    path = tmp_path / "log.json"
    schema = {"type": ["string", "null"]}
    rows = [{"prompt": "faq", "output": schema}, {"prompt": "faq", "output": "Yes."}]
    path.write_text(lines(rows) if form == "lines" else json.dumps(rows))
    other = tmp_path / "langfuse.jsonl"
    other.write_text(lines([{**OBSERVATION, "output": schema}]))

    found = Found([path, other])

    answers = [json.dumps(schema), "Yes.", json.dumps(schema)]
    assert [each.output for each in found.samples] == answers
    assert found.broken == []


@pytest.mark.parametrize("arguments", ['{"a": NaN}', "[-Infinity]", '{"a": 1e999}', '{"a": '])
def test_arguments_that_are_not_json_are_text(arguments: str) -> None:
    call = {"function": {"name": "route", "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}

    found = [unwrapped(body) or {} for body in ({"choices": [{"message": message}]}, message)]

    assert [each.get("tool_calls") for each in found] == [
        ({"name": "route", "arguments": arguments},)
    ] * 2


def test_a_cut_off_message_of_an_api_keeps_its_finish_reason() -> None:
    thought = [{"type": "thinking", "thinking": "hm"}]
    usage = {"input_tokens": 3, "output_tokens": 4}
    message = {"type": "message", "role": "assistant", "content": thought, "usage": usage}

    found = unwrapped({**message, "model": "m", "stop_reason": "max_tokens"})

    assert found == {
        "output": "",
        "tool_calls": (),
        "finish_reason": "max_tokens",
        "fingerprint": "",
        "unwrapped": True,
    }


def test_what_the_line_has_besides_a_wrapped_answer_wins(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    row = {"output": {"message": {"content": "Yes."}}, "prompt": "faq"}
    path.write_text(lines([{"tool_calls": [{"name": "a"}], **row}, {**row, "tool_calls": []}]))

    assert [each.tool_calls for each in Found([path]).samples] == [
        ({"name": "a", "arguments": {}},),
        (),
    ]


@pytest.mark.parametrize("depth", [*range(880, 1_000, 8), 5_000])
def test_a_deeply_nested_value_is_read_or_a_broken_line(tmp_path: Path, depth: int) -> None:
    deep = '{"a": ' * depth + "1" + "}" * depth
    span = '{"context": {}, "span_kind": "LLM", "attributes": {"metadata": %s, "llm": %s}}\n'
    path = tmp_path / "log.jsonl"
    path.write_text(span % (deep, deep) + json.dumps({**CHAIN, "span_kind": "LLM"}) + "\n")

    found = Found([path], form="openinference")

    assert len(found.samples) + len(found.broken) == 2
    assert found.broken in ([], [(1, 1, "nested too deeply")])
    assert depth < 5_000 or found.broken


def test_names_of_a_tree_are_joined_up_to_a_length_and_a_depth() -> None:
    deep: Any = {"name": 1}
    for number in range(14):
        deep = {f"k{number}": deep}
    long = {"k" * 195: {"abcd": 2, "abcde": 3, "inner": {"a": 4}}, "k" * 300: 5, "a": {"b": 6}}

    found = flat({**long, **deep})

    joined = ".".join(f"k{number}" for number in range(13, 0, -1))
    assert found == {"k" * 195 + ".abcd": 2, "k" * 300: 5, "a.b": 6, joined: {"k0": {"name": 1}}}
    assert nested({joined: found[joined]}) == deep


def _wide(levels: int, name: str, width: int) -> dict[str, Any]:
    """Objects in objects, the innermost with many keys."""
    tree: dict[str, Any] = dict.fromkeys(map(str, range(width)), 1)
    for _ in range(levels):
        tree = {name: tree}
    return tree


@pytest.mark.parametrize(
    "attributes",
    [_wide(1, "k" * 200_000, 2_000), _wide(11, "k" * 190, 2_000), _wide(800, "k" * 190, 2_000)],
    ids=["a long name", "long names", "many levels"],
)
@pytest.mark.parametrize("in_metadata", [False, True])
def test_long_names_of_a_tree_take_little_memory(
    tmp_path: Path, attributes: Any, in_metadata: bool
) -> None:
    given = {"metadata": json.dumps(attributes)} if in_metadata else attributes
    path = tmp_path / "spans.jsonl"
    path.write_text(lines([{**CONTEXT, "span_kind": "LLM", "attributes": given}]))

    tracemalloc.start()
    found = Found([path])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (len(found.samples), found.broken) == (1, [])
    assert most < 8 * 2**20


@pytest.mark.parametrize("number", ["9" * 5_000, "1234567", "²", "٣", "-1", "", "01x"])
def test_only_short_numbers_in_names_are_places_of_a_list(tmp_path: Path, number: str) -> None:
    path = tmp_path / "spans.jsonl"
    messages = {f"llm.input_messages.{number}.message.content": "no"}
    tree = {"input_messages": {number: {"message": {"content": "no"}}}}
    spans = [{**FLAT, **messages}, {"llm": tree}, {"llm.input_messages": tree["input_messages"]}]
    path.write_text(lines([{**CONTEXT, "span_kind": "LLM", "attributes": span} for span in spans]))

    found = Found([path])

    assert ([each.messages for each in found.samples], found.broken) == ([TICKET, (), ()], [])


@pytest.mark.parametrize(
    "row",
    [
        {"observations": [3], **TRACE},
        {"observations": {"a": 1}, **TRACE},
        {"trace": 3, "observations": []},
        {**OBSERVATION, "usage": 3, "usageDetails": "x", "costDetails": [], "metadata": [1]},
        {**OBSERVATION, "startTime": None, "endTime": "soon", "input": 3, "output": None},
        {"spans": [3, None], "context": 1, "attributes": 2},
        {"context": "x", "attributes": [], "status": 4, "span_kind": 5},
        {"attributes.llm.input_messages": [[1]], "context.span_id": 4, "span_kind": "LLM"},
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("form", ["langfuse", "openinference", "otlp", "json"])
def test_values_of_wrong_types_are_no_bug(tmp_path: Path, row: Any, form: str) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps([row, row], indent=1))

    found = Found([path], form=form)

    assert found.lines == 2
    assert all("\n" not in each[2] for each in found.broken)
