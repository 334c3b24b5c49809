"""The events of evaluations, OpenTelemetry log lines in OTLP/JSON, and the file of them."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from promptops.commands.score.picked_samples import CheckedAssertion, ScoredSample
from promptops.errors import InputError, os_reason
from promptops.model.distribution import version
from promptops.model.score import Sample
from promptops.patterns import lazy_pattern
from promptops.storage.atomic import replaced_in_pieces

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
    """With its newline; empty if nothing could be checked.

    Joined from strings that many samples share: half the time of one `json.dumps`.
    """
    checked = [result for result in _named(scored) if result[1].status != "unscorable"]
    if not checked:
        return b""
    common = _text(_common(scored.sample))[:-1]
    identity = ""
    if not scored.sample.id.endswith(f":{scored.sample.offset}"):  # as readers name one without id
        identity = f",{_attribute('gen_ai.response.id', scored.sample.id)}"
    records = ",".join(
        f'{common},"attributes":[{_rated(name, result.status, result.degree)}{identity}'
        f"{_explanation(result) if content else ''}]}}"
        for name, result in checked
    )
    scope = _text({"name": "git-promptops", "version": version})
    logs = f'{{"scope":{scope},"logRecords":[{records}]}}'
    return f'{{"resourceLogs":[{{"scopeLogs":[{logs}]}}]}}\n'.encode()


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


@lru_cache(maxsize=4096)
def _rated(name: str, status: str, degree: float | None) -> str:
    """The attributes that many samples share."""
    return ",".join(
        [
            _text({"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": degree}}),
            _attribute("gen_ai.evaluation.name", name),
            _attribute("gen_ai.evaluation.score.label", "fail" if status == "failed" else "pass"),
        ]
    )


def _explanation(result: CheckedAssertion) -> str:
    if result.status != "failed" or not result.expected:
        return ""
    return f",{_attribute('gen_ai.evaluation.explanation', result.expected)}"


def _attribute(key: str, text: str) -> str:
    return _text({"key": key, "value": {"stringValue": text}})


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


# The file of `--events`.


@contextmanager
def event_file(file: Path, written: str) -> Iterator[Callable[[bytes], None]]:
    """Receives lines of events; the file has them when the block ends without an error.

    `written` is its path as the user wrote it. Raises InputError if it can't be written.
    """

    def write(lines: bytes) -> None:
        try:
            put(lines)
        except OSError as error:
            raise _refused(written, error) from None

    try:
        with replaced_in_pieces(file) as put:
            yield write
    except OSError as error:
        raise _refused(written, error) from None


def _refused(written: str, error: OSError) -> InputError:
    return InputError(f"can't be written: {os_reason(error)}", where=written)
