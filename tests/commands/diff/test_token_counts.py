"""Exact token counts of a comparison are kept for the next one."""

from __future__ import annotations

import pytest

from promptops.analysis.exact_tokens import Counter
from promptops.analysis.tokens import estimate
from promptops.commands.diff import diff
from promptops.commands.diff.diff import TokenCounts


def words(loads=None):
    """Loads a tokenizer that counts words; `loads` grows by each load."""

    def load():
        if loads is not None:
            loads.append("loaded")
        return Counter("words", str.split)

    return load


def kept(folder, texts):
    counts = TokenCounts("words", words(), folder)
    found = [counts.count(text) for text in texts]
    counts.save()
    return found


def file_of(folder):
    return folder / "promptops" / "tokens-words"


def test_a_tokenizer_is_not_loaded_for_texts_that_were_counted_before(tmp_path):
    loads = []
    assert kept(tmp_path, ["a b", "", "é \ud800 c"]) == [2, 0, 3]

    counts = TokenCounts("words", words(loads), tmp_path)

    assert counts.exact
    assert [counts.count(text) for text in ["é \ud800 c", "a b", ""]] == [3, 2, 0]
    assert loads == []
    assert counts.count("a new one") == 3
    assert loads == ["loaded"]


def test_without_the_package_nothing_is_exact(tmp_path):
    assert not TokenCounts("words", lambda: None, tmp_path).exact


def test_a_text_is_estimated_if_a_tokenizer_of_kept_counts_does_not_load(tmp_path):
    kept(tmp_path, ["a b"])

    counts = TokenCounts("words", lambda: None, tmp_path)

    assert counts.exact
    assert (counts.count("a b"), counts.estimated) == (2, False)
    assert (counts.count("hello"), counts.estimated) == (estimate("hello"), True)
    counts.save()
    assert TokenCounts("words", words(), tmp_path).count("hello") == 1


def test_without_a_repository_nothing_is_written(tmp_path):
    counts = TokenCounts("words", words(), None)

    assert counts.count("a b") == 2
    counts.save()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-3],
        lambda data: data.replace(b" 2\n", b" 3\n"),
        lambda data: data.replace(b"counts 1 ", b"counts 2 "),
        lambda data: b"",
        lambda data: b"\xff" + data,
    ],
    ids=["cut", "another count", "another format", "empty", "not text"],
)
def test_a_damaged_file_is_ignored_and_written_again(tmp_path, damage):
    kept(tmp_path, ["a b"])
    whole = file_of(tmp_path).read_bytes()
    file_of(tmp_path).write_bytes(damage(whole))

    assert kept(tmp_path, ["a b"]) == [2]
    assert file_of(tmp_path).read_bytes() == whole


def test_counts_of_another_version_of_the_package_are_not_used(tmp_path, monkeypatch):
    kept(tmp_path, ["a b"])
    monkeypatch.setattr(diff, "installed", lambda: "another")
    loads = []

    assert TokenCounts("words", words(loads), tmp_path).count("a b") == 2
    assert loads == ["loaded"]


def test_the_newest_counts_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(diff, "MAX_TOKEN_COUNTS", 3)

    kept(tmp_path, ["a", "b c"])
    kept(tmp_path, ["d", "e f", "a"])
    loads = []
    counts = TokenCounts("words", words(loads), tmp_path)

    assert [counts.count(text) for text in ["d", "e f", "b c"]] == [1, 2, 2]
    assert loads == []
    assert counts.count("a") == 1
    assert loads == ["loaded"]
