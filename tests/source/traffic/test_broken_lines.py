"""Lines that can't be read: each is reported at its place, and the others count."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.model.score import BrokenLine, PartEnd, Sample, SimilarKey
from promptops.source.traffic import parts as lines
from tests.source.traffic.reading import EXPORTS, Found
from tests.tiers import examples

GOOD = b'{"prompt": "p", "output": "yes"}\n'
TABLE = [
    (b'{"prompt": "p", "output": }', 27, "not JSON: expecting value"),
    (b'{"prompt": "p", "output": "a"} x', 32, "not JSON: extra data"),
    (b'{"prompt": "p", "output": "a",}', 30,
     "not JSON: illegal trailing comma before end of object"),
    ('{"prompt": "é", x'.encode(), 17,
     "not JSON: expecting property name enclosed in double quotes"),
    (b'{"prompt": "\xc3\xa9\xff"}', 14, "not UTF-8"),
    (b'{"prompt": "p", "latency_s": NaN, "output": ""}', 1, "JSON has no `NaN`"),
    (b'{"prompt": "p", "latency_s": 1e999}', 1, "a number that JSON does not allow"),
    (b'{"prompt": "p", "at": 1%s}' % (b"0" * 5000), 1, "a number that JSON does not allow"),
    (b"[" * 10_000, 1, "nested too deeply"),
    (b'{"prompt": "p", "output": "", "inputs": {"a": %s1%s}}' % (b"[" * 60, b"]" * 60), 31,
     "`inputs` is nested deeper than 50 levels"),
    (b'["prompt"]', 1, "not a JSON object"),
    (b"null", 1, "not a JSON object"),
    (b"\x00\x00", 1, "not JSON: expecting value"),
    (b"{}", 1, "no `prompt`"),
    (b'{"prompt": "p"}', 1, "no answer: none of `output`, `tool_calls` and `error`"),
    (b'{"prompt": true, "output": ""}', 2, "`prompt` is not a string"),
    (b'{"prompt": "p", "output": "", "model": {}}', 31, "`model` is not a string"),
    (b'{"prompt": "p", "output": "", "at": "soon"}', 31, "`at` is not a time"),
    (b'{"prompt": "p", "output": "", "at": 1e300}', 31, "`at` is not a time"),
    (b'{"prompt": "p", "output": "", "cost_usd": -1}', 31,
     "`cost_usd` is not a number of at least 0"),
    (b'{"prompt": "p", "output": "", "inputs": []}', 31, "`inputs` is not an object"),
    (b'{"prompt": "p", "output": "", "messages": 1}', 31, "`messages` is not a list"),
    (b'{"prompt": "p", "output": "", "usage": 1}', 31, "`usage` is not an object"),
]  # fmt: skip
"""Each with the column and the message that are reported."""


def test_each_broken_line_is_reported_at_its_line_and_column(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_bytes(b"".join(GOOD + line + b"\n" for line, _, _ in TABLE))

    whole, cut = Found([path], form="json"), Found([path], form="json", size=100)

    expected = [(2 * n, column, message) for n, (_, column, message) in enumerate(TABLE, 1)]
    assert whole.broken == cut.broken == expected
    assert len(whole.samples) == len(cut.samples) == len(TABLE)
    assert whole.lines == cut.lines == 2 * len(TABLE)


def test_what_is_unusual_but_valid_is_read(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text(
        '{"prompt": "a", "prompt": "p", "output": "cut \\ud83d"}\n'  # equal keys, half a character
        '{"prompt": "p", "output": "\\ud83d\\ude00", "inputs": {"\\udc00": ["\\ud800"]}}\n'
        '{"prompt": "p", "output": null, "error": true, "version": 3}\n'
        '{"prompt": "p", "output": "", "cost_usd": "0.5", "at": "2026-11-01 10:00:00+02:00"}\n'
    )

    found = Found([path])

    assert found.broken == []
    assert [(each.output, each.inputs, each.error, each.version) for each in found.samples] == [
        ("cut \ufffd", None, "", ""),
        ("\U0001f600", {"\ufffd": ["\ufffd"]}, "", ""),
        (None, None, "error", "3"),
        ("", None, "", ""),
    ]
    assert (found.samples[3].cost_usd, found.samples[3].at) == (0.5, 1793520000.0)


def test_of_a_line_that_is_too_long_only_the_length_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 100)
    path = tmp_path / "s.jsonl"
    path.write_bytes(GOOD + b'{"output": "' + b"x" * 300_000 + b'"}\n' + GOOD)

    found = Found([path], form="json", size=10)

    assert found.broken == [(2, 1, "longer than 8 MB; write fewer records in a line")]
    assert [each.offset for each in found.samples] == [0, len(GOOD) + 300_015]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], "the compressed data ends early"),
        (lambda data: data[:-8] + b"\x00" * 8, "the rest of the compressed data is damaged"),
        (lambda data: data + b"more", "the rest of the compressed data is damaged"),
    ],
    ids=["cut off", "wrong checksum", "garbage after it"],
)
def test_of_damaged_gzip_data_the_lines_before_the_damage_count(tmp_path, damage, message):
    many = b"".join(b'{"prompt": "p", "output": "%d"}\n' % number for number in range(20_000))
    path = tmp_path / "s.jsonl.gz"
    path.write_bytes(damage(gzip.compress(many)))

    found = Found([path])

    [(line, column, said)] = found.broken
    assert (column, said) == (1, message)
    assert len(found.samples) > 5_000
    assert line == len(found.samples) + 1 == found.lines
    assert [each.output for each in found.samples] == [str(n) for n in range(len(found.samples))]


JSON = st.recursive(
    st.sampled_from([None, True, 0, -1, 2.5, 10**30, "", "a", "[1]", '{"role": 1}', "\ud800"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["role", "content", "type", "name", "values"]), inner),
    ),
    max_leaves=4,
)
ROWS = [
    json.loads(line)
    for file in sorted(EXPORTS.iterdir())
    for line in file.read_text().splitlines()
    if line
]


def _places(value):
    """Each dictionary or list with each of its keys."""
    if isinstance(value, (dict, list)):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in list(keys):
            yield value, key
            yield from _places(value[key])


@settings(max_examples=examples(2_000), deadline=None)
@given(data=st.data(), row=st.sampled_from(ROWS), value=JSON)
def test_a_wrong_value_anywhere_is_never_an_exception(data, row, value):
    changed = json.loads(json.dumps(row))
    holder, key = data.draw(st.sampled_from(list(_places(changed))))
    holder[key] = value
    with TemporaryDirectory() as folder:
        path = Path(folder, "s.jsonl")
        path.write_text(json.dumps(changed) + "\n")
        found = Found([path])

    known = (Sample, BrokenLine, SimilarKey, PartEnd)
    assert all(isinstance(each, known) for each in found.values)
    assert all(isinstance(each.id, str) and each.id for each in found.samples)
    for each in found.samples:
        datetime.fromtimestamp(each.at or 0, UTC)
        json.dumps([each.inputs, each.messages, each.tool_calls], allow_nan=False).encode()
    hash(tuple((each.prompt, each.output, each.model, each.error) for each in found.samples))


def test_a_deeply_nested_answer_does_not_cost_the_other_spans_of_its_line(tmp_path):
    batch = json.loads((EXPORTS / "otlp-instrumentation.jsonl").read_text())
    (span,) = batch["resourceSpans"][0]["scopeSpans"][0]["spans"]
    parts = f'{{"type": "tool_call", "name": "f", "arguments": {"[" * 90}{"]" * 90}}}'
    output = {"stringValue": f'[{{"role": "assistant", "parts": [{parts}]}}]'}
    deep = [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}]
    deep.append({"key": "gen_ai.output.messages", "value": output})
    batch["resourceSpans"][0]["scopeSpans"][0]["spans"] = [span, {**span, "attributes": deep}, span]
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps(batch) + "\n")

    found = Found([path])

    assert (found.broken, [each.model for each in found.samples]) == ([], ["m", ""])
    assert found.samples[1].tool_calls == ({"name": "f", "arguments": "[" * 90 + "]" * 90},)
