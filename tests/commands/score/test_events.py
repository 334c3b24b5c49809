"""Evaluations are written as OTLP/JSON, as a collector reads it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from promptops.commands.score.events import EventLines, event_file, event_lines
from promptops.commands.score.picked_samples import CheckedAssertion, ScoredSample
from promptops.errors import InputError, UsageError
from promptops.model.distribution import version
from promptops.model.place import Place
from promptops.model.score import Sample

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def checked(name: str, degree: float | None) -> CheckedAssertion:
    status = "unscorable" if degree is None else "passed" if degree else "failed"
    expected = f"expected what {name} checks"
    return CheckedAssertion(
        type=name,
        place=Place("a"),
        written={},
        must=True,
        status=status,
        degree=degree,
        expected=expected,
    )


def scored(*results: CheckedAssertion, **facts: object) -> ScoredSample:
    sample = Sample(**{"id": "chatcmpl-1", "prompt": "ask", **facts})
    return ScoredSample(sample=sample, prompt="support/triage", results=results, scores={})


def written(*samples: ScoredSample, content: bool = False) -> bytes:
    lines = EventLines(content)
    for sample in samples:
        lines.add(sample)
    return b"".join(event_lines(lines.finish()))


def text(key: str, value: str) -> dict[str, object]:
    return {"key": f"gen_ai.{key}", "value": {"stringValue": value}}


def value(number: float) -> dict[str, object]:
    return {"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": number}}


def test_a_line_has_one_event_for_each_checked_assertion() -> None:
    results = (checked("contains", 1.0), checked("tone", None), checked("contains", 0.0))

    line = written(scored(*results, at=1.5, trace_id=TRACE.upper(), span_id=SPAN), content=True)

    place = {
        "eventName": "gen_ai.evaluation.result",
        "timeUnixNano": "1500000000",
        "traceId": TRACE,
        "spanId": SPAN,
    }
    records = [
        {
            **place,
            "attributes": [
                value(1.0),
                text("evaluation.name", "support/triage contains"),
                text("evaluation.score.label", "pass"),
                text("response.id", "chatcmpl-1"),
            ],
        },
        {
            **place,
            "attributes": [
                value(0.0),
                text("evaluation.name", "support/triage contains 2"),
                text("evaluation.score.label", "fail"),
                text("response.id", "chatcmpl-1"),
                text("evaluation.explanation", "expected what contains checks"),
            ],
        },
    ]
    scope = {"name": "git-promptops", "version": version()}
    assert json.loads(line) == {
        "resourceLogs": [{"scopeLogs": [{"scope": scope, "logRecords": records}]}]
    }


def test_what_a_sample_does_not_have_is_left_out() -> None:
    line = written(scored(checked("contains", 0.0), id="a.jsonl:7", offset=7, trace_id="x" * 32))

    (record,) = json.loads(line)["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert record == {
        "eventName": "gen_ai.evaluation.result",
        "attributes": [
            value(0.0),
            text("evaluation.name", "support/triage contains"),
            text("evaluation.score.label", "fail"),
        ],
    }


def test_a_sample_without_a_checked_assertion_has_no_line() -> None:
    assert written(scored(checked("tone", None)), scored()) == b""


def test_many_lines_come_back_in_their_order() -> None:
    many = [scored(checked("contains", 1.0), id=str(number)) for number in range(3000)]

    lines = written(*many).splitlines()

    ids = [json.loads(line)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0] for line in lines]
    assert [record["attributes"][-1]["value"]["stringValue"] for record in ids] == [
        str(number) for number in range(3000)
    ]


def test_the_file_has_all_events_or_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    with event_file(file, "events.jsonl") as write:
        write(b"1\n")
        write(b"2\n")

    with suppress(UsageError), event_file(file, "events.jsonl") as write:
        write(b"3\n")
        raise UsageError("too many groups")

    assert (file.read_bytes(), os.listdir(tmp_path)) == (b"1\n2\n", ["events.jsonl"])


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    with event_file(pipe, "pipe") as write:
        write(b"1\n")

    assert (os.read(reader, 9), pipe.is_fifo()) == (b"1\n", True)
    os.close(reader)


def test_a_folder_that_does_not_exist_is_an_error_of_the_user(tmp_path: Path) -> None:
    message = r"^x/events.jsonl: can't be written: no such file or directory$"
    with (
        pytest.raises(InputError, match=message),
        event_file(tmp_path / "x" / "events.jsonl", "x/events.jsonl"),
    ):
        pass
