"""Reading samples of production in each format: the CPU time of whole processes, one core. Samples
have 20 values and about 1 kB; a line of OTLP has 50 spans with their messages."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from scene import Scene
from table import Row, compare
from timing import OURS

LINES = ("json", "otlp", "openinference", "langfuse", "helicone", "openai")
MOST_MB = 100
_SPANS = 50
_TEXT = "Thank you for your message. The refund of the October invoice arrives in five days. " * 3
_ANSWER = json.dumps({"category": "billing", "reply": _TEXT})
_MESSAGES = [
    {"role": "system", "content": "Sort the ticket."},
    {"role": "user", "content": _TEXT},
]
_PROMPT = {
    "gen_ai.prompt.name": "support/triage",
    "gen_ai.prompt.version": "1.8.0",
    "promptops.release": "v1.8.0",
    "promptops.prompt.digest": "4" * 64,
    "promptops.request.digest": "9" * 64,
}
_COUNTS = {"gen_ai.usage.input_tokens": 412, "gen_ai.usage.output_tokens": 88}

Record = dict[str, Any]


def rows(scene: Scene) -> Iterator[Row]:
    """A row for each format, beside the floor of its file."""
    count = scene.sizes.samples
    folder = scene.repository(f"samples-{count}", lambda made: _write_all(scene, made, count))
    for name in (*LINES, "parquet"):
        file = folder / f"{name}.samples"
        says = f"^{count} samples$"
        ours = scene.environment.script(OURS, "read_samples.py", file, says=says)
        floor = "pyarrow" if name == "parquet" else "json.loads of the same lines"
        beside = scene.environment.script(floor, "read_lines.py", file, says="^[1-9][0-9]* values$")
        what = f"reading {count:,} samples, {name}, CPU"
        timings = scene.measure(what, [ours, beside], folder, scene.sizes.long_runs)
        yield from compare(what, timings, "s", of="cpu_s")
        if name == "parquet":
            what = f"reading {count:,} samples, parquet, peak memory"
            yield from compare(what, timings, "MB", of="memory_mb", at_most=MOST_MB)


def _write_all(scene: Scene, folder: Path, count: int) -> None:
    """A file for each format."""
    samples = [_sample(number) for number in range(count)]
    for name in LINES:
        with (folder / f"{name}.samples").open("w", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(line)}\n" for line in _written(name, samples))
    files = (folder / "json.samples", folder / "parquet.samples")
    subprocess.run(scene.environment.script("", "write_parquet.py", *files).command, check=True)


def _written(name: str, samples: list[Record]) -> Iterator[Record]:
    """The lines of one format."""
    if name == "otlp":
        for first in range(0, len(samples), _SPANS):
            spans = list(map(_span, samples[first : first + _SPANS]))
            yield {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    else:
        yield from map(_ROWS[name], samples)


def _sample(number: int) -> Record:
    return {
        "id": f"req-{number:08x}",
        "at": f"2026-11-{number % 28 + 1:02}T10:00:00Z",
        "prompt": "support/triage",
        "version": "1.8.0",
        "release": "v1.8.0",
        "channel": "production",
        "conversation": f"c{number // 4}",
        "trace_id": f"{number:032x}",
        "span_id": f"{number:016x}",
        "inputs": {"ticket": _TEXT, "customer": {"plan": "pro", "id": number}},
        "output": _ANSWER,
        "finish_reason": "stop",
        "model": "gpt-5.4-mini",
        "fingerprint": "fp_1",
        "usage": {"input": 412, "output": 88, "cached": 256},
        "latency_s": 1.25,
        "cost_usd": 0.0012,
        "prompt_digest": "4" * 64,
        "request_digest": "9" * 64,
    }


def _span(sample: Record) -> Record:
    spoken = [_with_parts(message) for message in _MESSAGES]
    answered = [_with_parts({"role": "assistant", "content": _ANSWER})]
    texts = {
        "gen_ai.operation.name": "chat",
        "gen_ai.response.model": sample["model"],
        "gen_ai.response.id": sample["id"],
        **_PROMPT,
        "gen_ai.input.messages": json.dumps(spoken),
        "gen_ai.output.messages": json.dumps(answered),
    }
    attributes = [{"key": key, "value": {"stringValue": text}} for key, text in texts.items()]
    attributes += [{"key": key, "value": {"intValue": str(n)}} for key, n in _COUNTS.items()]
    return {
        "traceId": sample["trace_id"],
        "spanId": sample["span_id"],
        "startTimeUnixNano": "1793527200000000000",
        "endTimeUnixNano": "1793527201250000000",
        "attributes": attributes,
    }


def _with_parts(message: Record) -> Record:
    return {"role": message["role"], "parts": [{"type": "text", "content": message["content"]}]}


def _completion(sample: Record) -> Record:
    message = {"role": "assistant", "content": _ANSWER}
    return {
        "id": sample["id"],
        "object": "chat.completion",
        "created": 1793527200,
        "model": sample["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {
            "prompt_tokens": 412,
            "completion_tokens": 88,
            "prompt_tokens_details": {"cached_tokens": 256},
        },
    }


def _openai(sample: Record) -> Record:
    return {**_completion(sample), "metadata": _PROMPT, "messages": _MESSAGES}


def _helicone(sample: Record) -> Record:
    return {
        "request_id": sample["id"],
        "request_created_at": sample["at"],
        "request_body": {"model": sample["model"], "messages": _MESSAGES},
        "response_body": _completion(sample),
        "response_status": 200,
        "response_model": sample["model"],
        "delay_ms": 1250,
        "prompt_tokens": 412,
        "completion_tokens": 88,
        "cost": 0.0012,
        "request_properties": _PROMPT,
    }


def _langfuse(sample: Record) -> Record:
    return {
        "id": sample["span_id"],
        "trace_id": sample["trace_id"],
        "type": "GENERATION",
        "start_time": "2026-11-01 10:00:00.250000",
        "input": json.dumps(_MESSAGES),
        "output": _ANSWER,
        "provided_model_name": sample["model"],
        "usage_details": {"input": 156, "input_cached_tokens": 256, "output": 88},
        "total_cost": 0.0012,
        "latency": 1.25,
        "metadata": _PROMPT,
        "level": "DEFAULT",
    }


def _openinference(sample: Record) -> Record:
    attributes = {
        "llm.model_name": sample["model"],
        "llm.token_count.prompt": 412,
        "llm.token_count.completion": 88,
        "metadata": json.dumps(_PROMPT),
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": _ANSWER,
    }
    for index, message in enumerate(_MESSAGES):
        for name, value in message.items():
            attributes[f"llm.input_messages.{index}.message.{name}"] = value
    return {
        "context": {"trace_id": sample["trace_id"], "span_id": sample["span_id"]},
        "span_kind": "LLM",
        "start_time": "2026-11-01T10:00:00.250Z",
        "end_time": "2026-11-01T10:00:01.500Z",
        "status_code": "OK",
        "attributes": attributes,
    }


_ROWS: dict[str, Callable[[Record], Record]] = {
    "json": lambda sample: sample,
    "openai": _openai,
    "helicone": _helicone,
    "langfuse": _langfuse,
    "openinference": _openinference,
}
