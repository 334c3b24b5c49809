"""Evaluations of samples as OpenTelemetry log lines: OTLP/JSON, one line for each sample.

Each assertion of a sample is one event `gen_ai.evaluation.result` of the conventions for generative
AI, v0.1.0.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from promptops.jobs.scoring.scored import CheckedAssertion, ScoredSample
from promptops.model.distribution import version
from promptops.model.sample import Sample
from promptops.patterns import lazy_pattern

_NAME = "gen_ai.evaluation.result"
_HEXADECIMAL = lazy_pattern(r"[0-9a-f]+")
_TRACE_DIGITS, _SPAN_DIGITS = 32, 16
_PIECE = 1 << 16
_LEVEL = 1  # events repeat themselves: more effort saves little


class EventLines:
    """The events of one part, compressed: they are larger than their samples.

    Attributes:
        content: Whether to add why an assertion failed, which may quote the answer.
    """

    def __init__(self, content: bool) -> None:
        self._content = content
        self._version = version()
        self._compressor = zlib.compressobj(_LEVEL)
        self._pieces: list[bytes] = []

    def add(self, scored: ScoredSample) -> None:
        """Add the line of a sample, if anything could be checked."""
        line = _line(scored, self._content, self._version)
        if line:
            self._pieces.append(self._compressor.compress(line))

    def finish(self) -> bytes:
        """The lines, to be read with `event_lines`; nothing can be added afterwards."""
        return b"".join([*self._pieces, self._compressor.flush()])


def event_lines(compressed: bytes) -> Iterator[bytes]:
    """The lines of `EventLines.finish`, in pieces of at most 64 kB."""
    decompressor = zlib.decompressobj()
    while piece := decompressor.decompress(compressed, _PIECE):
        yield piece
        compressed = decompressor.unconsumed_tail


def _line(scored: ScoredSample, content: bool, version: str) -> bytes:
    """With its newline; empty if nothing could be checked."""
    checked = [result for result in _named(scored) if result[1].status != "unscorable"]
    if not checked:
        return b""
    common = _common(scored.sample)
    records = [
        {**common, "attributes": _attributes(name, result, scored.sample, content)}
        for name, result in checked
    ]
    scope = {"name": "git-promptops", "version": version}
    line = {"resourceLogs": [{"scopeLogs": [{"scope": scope, "logRecords": records}]}]}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def _named(scored: ScoredSample) -> Iterator[tuple[str, CheckedAssertion]]:
    """Each assertion with a name that no other of the prompt has: `ask contains`, …, `… 2`."""
    seen = Counter[str]()
    for result in scored.results:
        seen[result.type] += 1
        number = f" {seen[result.type]}" if seen[result.type] > 1 else ""
        yield f"{scored.prompt} {result.type}{number}", result


def _common(sample: Sample) -> dict[str, Any]:
    """The time and the place in a trace. Ids of another form are left out: OTLP has no others."""
    record: dict[str, Any] = {"eventName": _NAME}
    if sample.at is not None and sample.at > 0:
        record["timeUnixNano"] = f"{round(sample.at * 1_000_000)}000"
    for key, written, digits in (
        ("traceId", sample.trace_id, _TRACE_DIGITS),
        ("spanId", sample.span_id, _SPAN_DIGITS),
    ):
        if len(written) == digits and _HEXADECIMAL.fullmatch(written.lower()):
            record[key] = written.lower()
    return record


def _attributes(
    name: str, result: CheckedAssertion, sample: Sample, content: bool
) -> list[dict[str, Any]]:
    label = "fail" if result.status == "failed" else "pass"
    texts = {"gen_ai.evaluation.name": name, "gen_ai.evaluation.score.label": label}
    if not sample.id.endswith(f":{sample.offset}"):  # as readers name a sample without an id
        texts["gen_ai.response.id"] = sample.id
    if content and result.status == "failed":
        texts["gen_ai.evaluation.explanation"] = result.expected
    score = {"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": result.degree}}
    return [score, *({"key": key, "value": {"stringValue": text}} for key, text in texts.items())]
