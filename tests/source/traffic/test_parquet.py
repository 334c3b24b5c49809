"""Parquet with the columns of a sample or of Langfuse: the same samples as of JSON Lines."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow
import pytest
from pyarrow import parquet

from promptops.errors import InputError, UsageError
from promptops.model.answer import Usage
from promptops.model.distribution import install_command
from promptops.model.score import BrokenLine, PartEnd, Sample
from promptops.records import replace
from tests.source.traffic.reading import EXPORTS, Found
from tests.tiers import fast_first

NESTED = ("inputs", "messages", "tool_calls", "usage", "usage_details", "metadata")


def rows_of(name: str) -> list[dict[str, object]]:
    lines = (EXPORTS / name).read_text().splitlines()
    return [json.loads(line) for line in lines if line]


@pytest.mark.parametrize("name", ["samples.jsonl", "langfuse.jsonl"])
def test_columns_of_json_strings_are_the_samples_of_the_lines(tmp_path, name):
    path = tmp_path / name
    rows = [_with_json_strings(row) for row in rows_of(name)]
    names = dict.fromkeys(key for row in rows for key in row)
    table = pyarrow.table({key: [row.get(key) for row in rows] for key in names})
    parquet.write_table(table, path, row_group_size=2)

    found, lines = Found([path]), Found([EXPORTS / name])

    assert found.parts == 2
    assert [_placed(each) for each in found.samples] == [_placed(each) for each in lines.samples]
    assert (found.lines, found.broken, found.ignored) == (len(rows), [], lines.ignored)


def test_a_table_of_spans_of_phoenix_has_samples(tmp_path):
    path = tmp_path / "spans.parquet"
    message = [{"message.role": "assistant", "message.content": "Billing."}]
    columns = {
        "context.span_id": ["a", "b"],
        "context.trace_id": ["t", "t"],
        "span_kind": ["LLM", "CHAIN"],
        "start_time": [datetime(2026, 11, 1, 10, 0, tzinfo=UTC)] * 2,
        "end_time": [datetime(2026, 11, 1, 10, 0, 1, tzinfo=UTC), None],
        "status_code": ["OK", "OK"],
        "attributes.llm.output_messages": [message, None],
        "attributes.llm.token_count.prompt": [10.0, None],
        "attributes.metadata": ['{"gen_ai.prompt.name": "faq"}', None],
        "embedding": [[0.1] * 9, None],
    }
    parquet.write_table(pyarrow.table(columns), path)

    found = Found([path])

    assert found.samples == [
        Sample(
            id="a",
            prompt="faq",
            trace_id="t",
            span_id="a",
            at=1793527200.0,
            latency_s=1.0,
            output="Billing.",
            usage=Usage(input=10, output=0),
            path=str(path),
        )
    ]
    assert (found.broken, found.ignored) == ([], {"span": 1})


def test_nested_columns_and_types_that_json_lacks_are_read(tmp_path):
    path = tmp_path / "s.parquet"
    moment = datetime(2026, 11, 1, 10, 0, 0, 250_000, tzinfo=UTC)
    message = pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())])
    columns = {
        "prompt": pyarrow.array(["p"] * 3).dictionary_encode(),
        "output": pyarrow.array(["a", None, "c"]),
        "error": pyarrow.array([None, "timeout", None]),
        "at": pyarrow.array([moment] * 3, pyarrow.timestamp("ns", tz="UTC")),
        "cost_usd": pyarrow.array([Decimal("0.0012")] * 3),
        "latency_s": pyarrow.array([1.25, None, 0.5], pyarrow.float32()),
        "inputs": pyarrow.array([[("ticket", "t")], None, []], pyarrow.map_("string", "string")),
        "messages": pyarrow.array(
            [[{"role": "user", "content": "t"}], None, []], pyarrow.list_(message)
        ),
        "usage": pyarrow.array([{"input": 3, "output": 1}, None, {"input": 4, "output": None}]),
        "unread": pyarrow.array([b"\xff"] * 3),
    }
    parquet.write_table(pyarrow.table(columns), path)

    shared = {"path": str(path), "prompt": "p", "at": moment.timestamp(), "cost_usd": 0.0012}
    assert Found([path]).samples == [
        Sample(
            **shared,
            id="s.parquet:0",
            output="a",
            latency_s=1.25,
            inputs={"ticket": "t"},
            messages=({"role": "user", "content": "t"},),
            usage=Usage(input=3, output=1),
        ),
        Sample(**shared, id="s.parquet:1", offset=1, error="timeout"),
        Sample(
            **shared,
            id="s.parquet:2",
            offset=2,
            output="c",
            latency_s=0.5,
            inputs={},
            usage=Usage(input=4, output=0),
        ),
    ]


def test_fields_lead_into_columns(tmp_path):
    path = tmp_path / "s.parquet"
    parquet.write_table(
        pyarrow.table({"response": [{"text": "yes"}], "name": ["p"], "prompt": ["ignored"]}), path
    )

    found = Found([path], {"output": "/response/text", "prompt": "/name"})

    assert [(each.prompt, each.output) for each in found.samples] == [("p", "yes")]


def test_rows_that_are_no_samples_are_broken_lines_with_their_row(tmp_path):
    path = tmp_path / "s.parquet"
    columns = {"prompt": ["p", None, "p"], "output": ["a", "b", None], "vesrion": ["1"] * 3}
    table = pyarrow.table(columns)
    parquet.write_table(table, path, row_group_size=2)

    found = Found([path])

    assert found.broken == [
        (2, 1, "no `prompt`"),
        (3, 1, "no answer: none of `output`, `tool_calls` and `error`"),
    ]
    assert found.similar == [("vesrion", "version")] * found.parts


def test_of_a_damaged_row_group_the_others_count(tmp_path):
    path = tmp_path / "s.parquet"
    table = pyarrow.table({"prompt": ["p"] * 900, "output": [f"answer {n}" for n in range(900)]})
    parquet.write_table(table, path, row_group_size=300, compression="gzip", use_dictionary=False)
    group = parquet.ParquetFile(path).metadata.row_group(1)
    data = bytearray(path.read_bytes())
    start = group.column(1).data_page_offset + 40
    data[start : start + 100] = bytes(100)
    path.write_bytes(data)

    found = Found([path])

    (broken,) = (each for each in found.values if isinstance(each, BrokenLine))
    assert broken.message.startswith("the rest of row group 1 is damaged: ")
    assert (broken.offset, broken.lines, found.lines) == (300, 300, 900)
    assert [each.offset for each in found.samples] == [*range(300), *range(600, 900)]


MB = 1024 * 1024
LARGE = {
    "a cell of 9 MB": ([0, 9, 0], "gzip", "`output` is longer than 8 MB", 1),
    "a cell of 400 MB": ([400], "zstd", "`output` has a cell longer than 8 MB", 1),
    "a page of 300 MB": ([2] * 150, "zstd", "`output` has a page over 64 MB", 150),
}
"""By name: the MB of each cell, the compression, the message, and the rows that are lost."""


def table_of(cells_mb):
    """A table with one output of so many MB in each row; made in a test, as it takes memory."""
    texts = {size: "x" * max(1, round(size * MB)) for size in set(cells_mb)}
    outputs = [texts[size] for size in cells_mb]
    return pyarrow.table({"prompt": ["p"] * len(outputs), "output": outputs})


@pytest.mark.parametrize("name", fast_first(LARGE, first=1))
def test_a_cell_that_is_too_long_is_refused(tmp_path, name):
    cells_mb, compression, message, lost = LARGE[name]
    path = tmp_path / "s.parquet"
    parquet.write_table(table_of(cells_mb), path, compression=compression, use_dictionary=False)

    found = Found([path])

    (broken,) = (each for each in found.values if isinstance(each, BrokenLine))
    assert broken.message.startswith(message)
    assert (broken.lines, len(found.samples)) == (lost, len(cells_mb) - lost)


PEAK_MB = """\
import sys
from pathlib import Path
from promptops.model.score import Part
from promptops.source.traffic.parts import samples
part = Part(path=sys.argv[1], location=sys.argv[1], format="parquet", start=0, end=1)
for each in samples(part):
    pass
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cells_mb", "most_mb"), [([400], 120), ([1023 / 1024] * 2_000, 240), ([7] * 300, 240)]
)
def test_a_file_of_some_kilobytes_does_not_take_gigabytes(tmp_path, cells_mb, most_mb):
    path = tmp_path / "s.parquet"
    parquet.write_table(table_of(cells_mb), path, compression="zstd")
    assert path.stat().st_size < 100_000

    command = [sys.executable, "-c", PEAK_MB, str(path)]
    done = subprocess.run(command, capture_output=True, check=True)

    assert int(done.stdout) < most_mb


@pytest.mark.parametrize("damage", [lambda d: d[:-20], lambda d: b"PAR1" + b"x" * 50])
def test_a_file_that_is_cut_off_is_an_error(tmp_path, damage):
    path = tmp_path / "s.parquet"
    parquet.write_table(pyarrow.table({"prompt": ["p"], "output": ["a"]}), path)
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(InputError) as raised:
        Found([path])

    message = "not a Parquet file, or cut off: its footer can't be read"
    assert (raised.value.message, raised.value.where) == (message, str(path))


def test_gzip_around_parquet_and_lines_as_parquet_are_errors(tmp_path):
    packed = tmp_path / "s.parquet.gz"
    packed.write_bytes(gzip.compress(b"PAR1" + b"x" * 50))
    lines = tmp_path / "s.jsonl"
    lines.write_text('{"prompt": "p", "output": ""}\n')

    with pytest.raises(InputError, match="cannot recognise the format"):
        Found([packed])
    with pytest.raises(InputError, match="not a Parquet file"):
        Found([lines], form="parquet")


def test_without_pyarrow_the_command_that_installs_it_is_shown(tmp_path, monkeypatch):
    path = tmp_path / "s.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(UsageError) as raised:
        Found([path])

    assert raised.value.message == "cannot read Parquet without pyarrow"
    assert raised.value.hint == install_command("parquet")


def test_an_empty_table_has_no_samples(tmp_path):
    path = tmp_path / "s.parquet"
    schema = pyarrow.schema([("prompt", pyarrow.string()), ("output", pyarrow.string())])
    parquet.write_table(schema.empty_table(), path)

    assert all(each == PartEnd(lines=0) for each in Found([path]).values)


def _with_json_strings(row: dict[str, object]) -> dict[str, object]:
    changed = {key: json.dumps(row[key]) for key in NESTED if row.get(key) is not None}
    output, error = row.get("output"), row.get("error")
    if isinstance(output, dict):
        changed["output"] = json.dumps(output, ensure_ascii=False)
    if isinstance(error, dict):
        changed["error"] = error["type"]
    if isinstance(row.get("at"), str):
        moment = datetime.fromisoformat(str(row["at"]))
        changed["at"] = moment.timestamp() * 1000
    return row | changed


def _placed(sample: Sample) -> Sample:
    """A sample without what depends on the file."""
    identity = "" if ":" in sample.id else sample.id
    return replace(sample, path="", offset=0, id=identity)
