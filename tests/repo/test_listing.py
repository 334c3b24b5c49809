"""A listing that is searched as bytes gives what the parsed one gives."""

from __future__ import annotations

import pytest

from promptops.repo.tree import Listing, TreeEntry

A, B = "a" * 40, "b" * 40
LONG = "c" * 64
WRITTEN = {
    "nothing": b"",
    "files of the index": f"100644 {A} 0\tb/a\x00100755 {B} 0\tb/c\x00".encode(),
    "files of a tree": f"100644 blob {A}\tb/a\x00100755 blob {B}\tb/c\x00".encode(),
    "ids of SHA-256": f"100644 {LONG} 0\tb/a\x00".encode(),
    "links and submodules": f"120000 {A} 0\tb/a\x00160000 {B} 0\tb/c\x00".encode(),
    "links and submodules of a tree": f"120000 blob {A}\tb/a\x00".encode()
    + f"160000 commit {B}\tb/c\x00".encode(),
    "a conflict": f"100644 {A} 1\tb/a\x00100644 {B} 2\tb/a\x00100644 {B} 3\tb/c\x00".encode(),
    "one path at another's end": f"100644 {B} 0\tb/a\x00100644 {A} 0\tx\tb/a\x00".encode(),
    "a newline and bytes that are no UTF-8": f"100644 {A} 0\tb\n/a\x00".encode()
    + f"100644 {B} 0\t".encode()
    + b"\xff\xc3\x00",
    "names that look like facts": f"100644 {A} 0\ta 0\tb\x00100644 {B} 0\tblob c\x00".encode(),
}
PATHS = (
    *("b/a", "b/c", "b", "a", "", "/a", "x\tb/a", "b\n/a", "\udcff\udcc3", "a 0\tb", "blob c"),
    *("b/a\0100644", "\ud800", f"{A} 0\tb/a", "\udcc3\udca9"),
)


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
def test_searching_finds_what_parsing_finds(written):
    whole = dict(Listing(written).parsed)

    for path in PATHS:
        searched = Listing(written)
        assert searched.get(path) == whole.get(path)
        assert "parsed" not in vars(searched)
    assert (list(Listing(written)), len(Listing(written))) == (list(whole), len(whole))
    assert [*Listing(written).holding("b/")] == [path for path in whole if "b/" in path]
    assert {*Listing(written).having(A)} == {p for p, entry in whole.items() if entry.blob == A}


def test_of_the_stages_of_a_conflict_the_first_counts():
    found = Listing(WRITTEN["a conflict"])

    assert found["b/a"] == TreeEntry("b/a", A, "unmerged")


def test_a_path_is_found_by_the_name_that_python_gives_it():
    found = Listing(f"100644 {A} 0\té\x00".encode())

    assert ("é" in found, "\udcc3\udca9" in found) == (True, False)


def test_what_does_not_count_is_not_there():
    found = Listing(WRITTEN["files of the index"], without=["b/a"])

    assert ("b/a" in found, list(found), [*found.holding("b")]) == (False, ["b/c"], ["b/c"])
    assert [*found.having(A)] == []


def test_after_searches_for_many_paths_all_is_parsed():
    found = Listing(WRITTEN["files of the index"])

    for number in range(100):
        assert (found["b/a"], found.get(f"c/{number}")) == (TreeEntry("b/a", A), None)

    assert "parsed" in vars(found)


def test_a_path_that_is_requested_again_is_not_searched_again():
    found = Listing(WRITTEN["files of the index"])

    for _ in range(100):
        assert (found["b/a"], found.get("c")) == (TreeEntry("b/a", A), None)

    assert "parsed" not in vars(found)


def test_records_of_an_index_and_of_a_tree_are_alike():
    index = Listing(WRITTEN["files of the index"] + WRITTEN["links and submodules"])
    tree = Listing(WRITTEN["files of a tree"] + WRITTEN["links and submodules of a tree"])

    assert (index.records, index.outside(tree)) == (tree.records, [])


def test_files_of_another_content_kind_or_name_are_outside():
    old = Listing(
        f"100644 blob {A}\ta 0\tb\x00100644 blob {A}\tc\x00100644 blob {A}\td\x00".encode()
    )
    new = Listing(f"100644 {A} 0\ta\tb\x00100644 {B} 0\tc\x00120000 {A} 0\td\x00".encode())

    assert new.outside(old) == ["a\tb", "c", "d"]
    assert old.outside(new) == ["a 0\tb", "c", "d"]


def lines(paths, blob=A, stage=0):
    return b"".join(f"100644 {blob} {stage}\t{path}\0".encode() for path in sorted(paths))


MANY = [f"{folder}/{number}.md" for folder in ("a", "a.b", "b") for number in range(500)]


def test_of_many_files_each_is_found_and_nothing_else():
    found = Listing(lines(MANY))

    blobs = [found._searched(path) for path in MANY]

    assert blobs == [TreeEntry(path, A) for path in MANY]
    assert [found._searched(path) for path in ("", "a", "a/", "a/5.m", "b/9999", "c")] == [None] * 6


@pytest.mark.parametrize("changed", [[], [0], [7, 700, 1499], range(0, 1500, 3)], ids=len)
def test_what_differs_between_large_listings_is_found(changed):
    other = [path for number, path in enumerate(sorted(MANY)) if number in changed]
    old = Listing(lines(MANY))
    edited = dict.fromkeys(MANY, A) | dict.fromkeys(other, B)
    new = Listing(b"".join(lines([path], blob) for path, blob in sorted(edited.items())))
    fewer = Listing(lines({*MANY} - {*other}))

    assert new.outside(old) == old.outside(new) == sorted(other)
    assert (old.outside(fewer), fewer.outside(old)) == (sorted(other), [])


def test_a_path_longer_than_half_of_the_listing_is_compared():
    old, new = (Listing(lines(["a", "b" * 9000], blob)) for blob in (A, B))

    assert new.outside(old) == ["a", "b" * 9000]


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
def test_paths_that_start_with_a_text_are_found(written):
    for text in ("", "b", "b/", "b/c", "x\tb", "zz"):
        whole = [path for path in Listing(written).parsed if path.startswith(text)]
        assert [*Listing(written).starting_with(text)] == whole


def test_beginnings_are_compared_without_case():
    found = Listing(f"100644 {A} 0\tA/Bc\x00100644 {A} 0\ta/bd\x00100644 {A} 0\tx/a/b\x00".encode())

    assert [*found.beginning("a/B")] == ["A/Bc", "a/bd"]
