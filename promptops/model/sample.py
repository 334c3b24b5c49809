"""Samples: requests of production with their answers, as logs and traces record them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.model.answer import Usage
from promptops.records import field, record

SAMPLE_KEYS = frozenset(
    (
        *("id", "at", "prompt", "version", "release", "channel", "conversation", "trace_id"),
        *("span_id", "inputs", "messages", "output", "tool_calls", "finish_reason", "model"),
        *("fingerprint", "usage", "latency_s", "cost_usd", "error"),
        *("prompt_digest", "request_digest"),
    )
)
"""The keys of a sample in a file, as `schemas/sample.schema.json` describes them."""

FIELD_NAMES = SAMPLE_KEYS | {"input_tokens", "output_tokens", "cached_tokens", "latency_ms"}
"""The names that `[score.fields]` may map to a JSON pointer: these keys, and their parts."""


@record(frozen=True, slots=True, kw_only=True)
class Sample:
    """One request of production with its answer. None and "" mean that it is not recorded.

    Attributes:
        id: Of the log; else the name of its file with `offset`. Never empty, and the same for
            every division into parts.
        at: Seconds since 1970-01-01 UTC; a time without a zone counts as UTC.
        prompt: The id of the prompt, or an alias; "" in a trace that does not name it.
        version: Without the tag's prefix, such as `1.8.0`.
        release: The tag.
        inputs: None if they are not recorded.
        inputs_are_text: All inputs are strings, as attributes of spans are. One whose schema does
            not accept strings is JSON.
        messages: Each `{"role", "content"}`, as in `model.request.Request`, with `tool_calls` and
            `tool_call_id` if they are recorded; content is a string.
        output: The text of the answer. A JSON value that is not a string is written as JSON.
        unwrapped: `output` was inside of a message or a response, as traces wrap it.
        tool_calls: As in `model.answer.Answer`.
        finish_reason: As the provider writes it, such as `stop` or `end_turn`.
        usage: None if no token was counted.
        error: The type or message of the error that the request ended with.
        prompt_digest, request_digest: `promptops.prompt.digest`, `promptops.request.digest`.
        path: The file as the user wrote it; `-` for standard input.
        offset: In bytes from the start of the (decompressed) file to its line; in Parquet the
            number of rows before it. `source.traffic.parts.line_at` finds its line.
    """

    id: str
    at: float | None = None
    prompt: str = ""
    version: str = ""
    release: str = ""
    channel: str = ""
    conversation: str = ""
    trace_id: str = ""
    span_id: str = ""
    inputs: Mapping[str, Any] | None = None
    inputs_are_text: bool = False
    messages: tuple[Mapping[str, Any], ...] = ()
    output: str | None = None
    unwrapped: bool = False
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    finish_reason: str = ""
    model: str = ""
    fingerprint: str = ""
    usage: Usage | None = None
    latency_s: float | None = None
    cost_usd: float | None = None
    error: str = ""
    prompt_digest: str = ""
    request_digest: str = ""
    path: str = ""
    offset: int = 0


@record(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a file with samples, cut where a line ends.

    Attributes:
        path: As the user wrote it; `-` for standard input.
        location: What to open: a local path, or a URL of fsspec.
        format: The name of the reader, such as `otlp`.
        start, end: In bytes, the end exclusive; in Parquet numbers of row groups.
        gzip: The whole file is one part, and `end` is not used.
        document: The whole file is one JSON document, and one part.
        repeated: The 0-based numbers of its samples whose id an earlier sample has, ascending.
    """

    path: str
    location: str
    format: str
    start: int
    end: int
    gzip: bool = False
    document: bool = False
    repeated: tuple[int, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class BrokenLine:
    """A line of a file with samples that can't be read.

    Attributes:
        offset: As in `Sample`; `source.traffic.parts.line_at` finds its line.
        column: 1-based, in characters.
        message: Lower case, no full stop, without text of the line.
        lines: The number of lines that are lost, such as the rows of a damaged group of Parquet.
    """

    path: str
    location: str
    offset: int
    column: int
    message: str
    lines: int = 1


@record(frozen=True, slots=True, kw_only=True)
class SimilarKey:
    """A key that is ignored, but is nearly a known one; once for each key of a part."""

    path: str
    key: str
    nearest: str


@record(frozen=True, slots=True, kw_only=True)
class PartEnd:
    """The last value of a part.

    Attributes:
        lines: Lines that are not empty, broken ones included; of Parquet the rows.
        ignored: Records that are not a request to a model, by kind, such as `{"span": 12}`.
    """

    lines: int
    ignored: Mapping[str, int] = field(default_factory=dict)
