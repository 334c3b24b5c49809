"""Cutting files into parts: nothing is lost, nothing is read twice, places stay the same."""

from __future__ import annotations

import gzip
import io
import pickle
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.errors import InputError, UsageError
from promptops.model.score import Part, PartEnd, Sample
from promptops.records import replace
from promptops.source.traffic.files import TrafficFile, opened
from promptops.source.traffic.parts import parts, samples
from tests.source.traffic.reading import EXPORTS, Found
from tests.tiers import examples

GOOD = b'{"prompt": "p", "output": "yes"}'
LINES = st.lists(
    st.sampled_from(
        [
            GOOD,
            *('{"prompt": "p", "output": "é😀\u2028\x85"}'.encode(), "é".encode()),
            *(b"", b"  ", b'{"prompt": "p"', b"\xff", b"[1]"),
        ]
    ),
    max_size=8,
)


@settings(max_examples=examples(500), deadline=None)
@given(
    lines=LINES,
    newline=st.sampled_from([b"\n", b"\r\n"]),
    bom=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    ends=st.booleans(),
    size=st.integers(1, 90),
)
def test_any_cut_gives_the_values_of_the_whole_file_in_order(lines, newline, bom, ends, size):
    data = bom + newline.join(lines) + (newline if ends else b"")
    with TemporaryDirectory() as folder:
        path = Path(folder, "s.jsonl")
        path.write_bytes(data)
        whole, cut = (Found([path], form="json", size=each) for each in (10**9, size))

    rest = [[x for x in found.values if not isinstance(x, PartEnd)] for found in (whole, cut)]
    assert rest[0] == rest[1]
    assert (whole.broken, whole.lines) == (cut.broken, cut.lines)


@settings(max_examples=examples(300), deadline=None)
@given(data=st.lists(st.sampled_from([b"a", b"\n", b"bc"])).map(b"".join), size=st.integers(1, 9))
def test_parts_touch_each_other_and_end_after_a_newline(data, size):
    with TemporaryDirectory() as folder:
        path = Path(folder, "s.jsonl")
        path.write_bytes(data)
        with opened([str(path)]) as files:
            cut = list(parts(files, "json", size))

    ends = [part.end for part in cut]
    assert [part.start for part in cut] == [0, *ends][: len(cut)]
    assert b"".join(data[part.start : part.end] for part in cut) == data
    assert all(data[part.start : part.end].endswith(b"\n") for part in cut[:-1])
    assert all(part.end - part.start >= size for part in cut[:-1])


def test_a_part_goes_to_another_process_and_back_unchanged():
    with opened([str(EXPORTS / "otlp-spans.jsonl")]) as files:
        first, second, third = parts(files, size=10)

    assert pickle.loads(pickle.dumps(second)) == second
    assert [type(each) for each in samples(second)] == [Sample, Sample, PartEnd]
    assert (first.end, second.start) == (second.start, first.end)
    assert third.end == (EXPORTS / "otlp-spans.jsonl").stat().st_size


def test_gzip_is_recognised_by_its_bytes_and_is_one_part(tmp_path):
    plain = EXPORTS / "samples.jsonl"
    packed = tmp_path / "samples.jsonl"
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    found = Found([packed], size=10)

    assert found.parts == 1
    expected = [replace(each, path=str(packed)) for each in Found([plain]).samples]
    assert found.samples == expected  # offsets are those of the decompressed file


def test_standard_input_is_cut_like_a_file_and_its_copy_is_deleted(monkeypatch, tmp_path):
    data = (EXPORTS / "samples.jsonl").read_bytes() + b'{"prompt": 1, '
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    found = Found(["-"], size=10)

    assert {each.path for each in found.samples} == {"-"}
    assert [each.id for each in found.samples] == ["req-1", "-:692", "-:728", "-:926"]
    assert found.broken == [(6, 15, "not JSON: the file ends inside this line")]
    assert list(tmp_path.iterdir()) == []


def test_standard_input_can_be_named_once():
    with pytest.raises(UsageError, match="only once"), opened(["-", "-"]):
        pass


@pytest.mark.parametrize(
    ("name", "data", "message", "hint"),
    [
        ("missing", None, "cannot read the file: no such file or directory", None),
        (".", None, "is a folder", "name the files in it"),
        (
            "array.json",
            b'[{"prompt": "p"}',
            "cannot recognise the format: no JSON object in the first lines",
            "an array is read if it is valid JSON of at most 8 MB; else: jq -c '.[]' {path}",
        ),
        (
            "picture",
            b"\x89PNG\r\n\x1a\n" * 9,
            "cannot recognise the format: no JSON object in the first lines",
            "write one JSON object in each line",
        ),
    ],
)
def test_a_file_that_is_none_of_the_formats_is_an_error(tmp_path, name, data, message, hint):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)

    with pytest.raises(InputError) as raised, opened([str(path)]) as files:
        list(parts(files))

    assert (raised.value.message, raised.value.where) == (message, str(path))
    assert raised.value.hint == (hint and hint.format(path=path))


def test_an_empty_file_has_no_parts(tmp_path):
    path = tmp_path / "empty"
    path.touch()

    assert Found([path]).values == []


def test_each_file_has_its_own_format(tmp_path):
    names = ("samples", "otlp-spans", "langfuse", "helicone", "openai")

    found = Found([EXPORTS / f"{name}.jsonl" for name in names])

    assert [type(each).__name__ for each in found.values].count("PartEnd") == found.parts == 5
    assert len(found.samples) == 15


def test_a_file_that_vanished_is_an_error_of_its_place(tmp_path):
    gone = tmp_path / "gone.jsonl"
    part = Part(path="gone.jsonl", location=str(gone), format="json", start=0, end=9)

    with pytest.raises(InputError, match="no such file") as raised:
        list(samples(part))

    assert raised.value.where == "gone.jsonl"


def test_urls_are_read_through_fsspec_and_stars_match():
    import fsspec

    store = fsspec.filesystem("memory")
    for day in ("2", "1"):
        store.pipe(f"/logs/{day}.jsonl", GOOD + b"\n" + GOOD)

    found = Found(["memory://logs/*.jsonl"], size=10)

    assert [(each.path, each.offset) for each in found.samples] == [
        ("memory:///logs/1.jsonl", 0),
        ("memory:///logs/1.jsonl", 33),
        ("memory:///logs/2.jsonl", 0),
        ("memory:///logs/2.jsonl", 33),
    ]
    for url, message in (
        ("memory://logs/3.jsonl", "cannot read the file"),
        ("memory://nothing/*", "no file matches"),
    ):
        with pytest.raises(InputError, match=message), opened([url]):
            pass


def test_a_store_that_fails_while_a_file_is_read_is_an_error_of_its_url():
    from fsspec import register_implementation
    from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

    class BreakingFile(MemoryFile):
        def read(self, *_):
            raise LookupError("the connection was closed")  # as clients raise errors of their own

    class BreakingStore(MemoryFileSystem):
        protocol = "breaking"

        def _open(self, path, mode="rb", **_):
            return BreakingFile(self, path)

    register_implementation("breaking", BreakingStore)
    part = Part(path="breaking://1", location="breaking://1", format="json", start=0, end=9)

    with pytest.raises(InputError, match="the connection was closed") as raised:
        list(samples(part))

    assert raised.value.where == "breaking://1"


def test_a_url_without_fsspec_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)

    with pytest.raises(UsageError) as raised, opened(["s3://logs/1.jsonl"]):
        pass

    assert raised.value.message == "cannot open `s3://logs/1.jsonl` without fsspec"
    assert raised.value.hint == "pip install fsspec s3fs"


def test_an_unknown_store_is_an_error():
    with pytest.raises(InputError, match="nostore") as raised, opened(["nostore://x"]):
        pass

    assert raised.value.where == "nostore://x"


def test_a_file_may_be_named_twice_and_pipes_are_copied(tmp_path):
    import os
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(GOOD,))
    writer.start()

    with opened([str(pipe)]) as files:
        writer.join()
        (file,) = files
        assert file == TrafficFile(path=str(pipe), location=file.location)
        assert Path(file.location).read_bytes() == GOOD
    assert not Path(file.location).exists()


UNREADABLE = Path("/proc/self/mem")
"""It can be opened, and its first byte can't be read."""


@pytest.mark.skipif(not UNREADABLE.exists(), reason="not Linux")
def test_a_file_that_fails_while_it_is_read_is_an_error_of_its_place():
    part = Part(path="s.jsonl", location=str(UNREADABLE), format="json", start=0, end=100)

    with pytest.raises(InputError, match="cannot read the file") as raised:
        list(samples(part))

    assert raised.value.where == "s.jsonl"
