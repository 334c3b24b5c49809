"""Recordings over several files: what is written where, and that nothing else is written."""

from __future__ import annotations

import os

import pytest

from promptops.model.answer import Recording
from promptops.model.place import Place
from promptops.source.recordings import recordings_bytes
from promptops.testing.recordings import writing
from promptops.testing.recordings.writing import Journal, WrittenAnswers, write_journal
from tests.testing.recordings.made import FILE, need, on_disk, recording

SECOND = "prompts/ask.recordings.part02.jsonl"
THIRD = "prompts/ask.recordings.part03.jsonl"
CASES = tuple(f"c{number:02}" for number in range(10))
BEFORE = tuple(recording(case) for case in CASES)
ROOM = 4
"""So many answers fill a file."""


@pytest.fixture(autouse=True)
def _small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "FULL_BYTES", len(recordings_bytes(BEFORE[:ROOM])))


def journalled(repository, *recordings):
    for each in recordings:
        assert Journal(repository).append(FILE, each) is None


def record(repository, *recordings, prune=False):
    """Record what is new, and look up nothing else."""
    journalled(repository, *recordings)
    return write_journal(repository, {FILE: [need(each) for each in recordings]}, prune=prune)


def kept(root):
    """The cases in each file."""
    found = on_disk(root)
    assert found.problems == ()
    cases: dict[str, list[str]] = {}
    for each, place in zip(found.recordings, found.places, strict=True):
        cases.setdefault(place.path, []).append(each.case)
    return cases


def stamps(root):
    """What tells for each file whether it was written; reading changes no part of it."""
    files = {name: (root / "prompts" / name).stat() for name in os.listdir(root / "prompts")}
    return {name: (found.st_ino, found.st_mtime_ns) for name, found in files.items()}


def test_what_fills_a_file_goes_into_further_ones(opened):
    settled = record(opened, *BEFORE)

    assert settled == WrittenAnswers(changed=(FILE, SECOND, THIRD))
    assert kept(opened.root) == {
        FILE: ["c00", "c01", "c02", "c03"],
        SECOND: ["c04", "c05", "c06", "c07"],
        THIRD: ["c08", "c09"],
    }


def test_one_answer_more_rewrites_one_file(opened):
    record(opened, *BEFORE)
    before = stamps(opened.root)

    settled = record(opened, recording("a00"))

    after = stamps(opened.root)
    assert settled.changed == (THIRD,)
    assert [name for name in after if after[name] != before[name]] == [
        THIRD.removeprefix("prompts/")
    ]
    assert kept(opened.root)[THIRD] == ["a00", "c08", "c09"]


def test_recording_again_what_is_there_writes_nothing(opened):
    record(opened, *BEFORE)
    before = stamps(opened.root)

    assert record(opened, *BEFORE) == WrittenAnswers()
    assert stamps(opened.root) == before


def test_another_wording_changes_lines_in_place_in_each_file(opened, repo):
    record(opened, *BEFORE)
    repo.commit("recorded")
    before = kept(opened.root)

    record(opened, *(recording(case, wording="new") for case in CASES))

    assert kept(opened.root) == before
    assert repo.git("diff", "--numstat").splitlines() == [
        f"4\t4\t{FILE}",
        f"4\t4\t{SECOND}",
        f"2\t2\t{THIRD}",
    ]


def test_a_longer_answer_that_fits_no_more_goes_where_there_is_room(opened):
    record(opened, *BEFORE)

    settled = record(opened, recording("c00", "longer than it was before", wording="new"))

    assert settled.changed == (FILE, THIRD)
    assert kept(opened.root) == {
        FILE: ["c01", "c02", "c03"],
        SECOND: ["c04", "c05", "c06", "c07"],
        THIRD: ["c00", "c08", "c09"],
    }


def test_a_file_that_prune_empties_is_removed_and_its_number_is_used_again(opened):
    record(opened, *BEFORE)

    pruned = write_journal(
        opened, {FILE: [need(e) for e in (*BEFORE[:4], *BEFORE[8:])]}, prune=True
    )
    without = kept(opened.root)
    record(opened, *(recording(f"d{number}") for number in range(3)))

    assert pruned.changed == (SECOND,)
    assert without == {FILE: ["c00", "c01", "c02", "c03"], THIRD: ["c08", "c09"]}
    assert kept(opened.root) == {
        FILE: ["c00", "c01", "c02", "c03"],
        SECOND: ["d0", "d1", "d2"],
        THIRD: ["c08", "c09"],
    }


def test_the_first_file_may_be_the_one_that_is_emptied(opened):
    record(opened, *BEFORE)

    write_journal(opened, {FILE: [need(each) for each in BEFORE[4:]]}, prune=True)

    assert kept(opened.root) == {SECOND: ["c04", "c05", "c06", "c07"], THIRD: ["c08", "c09"]}
    assert write_journal(opened, {FILE: []}, prune=True) == WrittenAnswers(changed=(SECOND, THIRD))
    assert os.listdir(opened.root / "prompts") == ["ask.prompt.yaml"]


def test_a_file_of_before_that_is_larger_stays_as_it_is(opened, repo):
    repo.write({FILE: recordings_bytes(BEFORE)})

    settled = record(opened, recording("d"))

    assert settled.changed == (SECOND,)
    assert (repo.root / FILE).read_bytes() == recordings_bytes(BEFORE)


def test_an_answer_larger_than_what_fills_a_file_has_one_of_its_own(opened):
    record(opened, recording("a"), recording("b", "x" * 5_000), recording("c"))

    assert kept(opened.root) == {FILE: ["a", "c"], SECOND: ["b"]}


def test_a_case_with_another_name_stays_in_its_file(opened):
    record(opened, *BEFORE)
    renamed = [
        need(Recording(**{**facts(each), "case": f"renamed {each.case}"})) for each in BEFORE
    ]

    write_journal(opened, {FILE: renamed})

    assert {path: len(cases) for path, cases in kept(opened.root).items()} == {
        FILE: 4,
        SECOND: 4,
        THIRD: 2,
    }


def facts(each: Recording) -> dict[str, object]:
    names = ("request", "repeat", "case", "judge", "answer")
    return {name: getattr(each, name) for name in names}


def test_answers_beyond_the_limit_of_a_prompt_stay_in_the_journal(opened, monkeypatch):
    record(opened, *BEFORE)
    before = stamps(opened.root)
    monkeypatch.setattr(writing, "MAX_TOTAL_BYTES", len(recordings_bytes(BEFORE)))

    settled = record(opened, recording("d"))

    assert [(each.at, each.message, each.hint) for each in settled.problems] == [
        (
            Place(FILE),
            "the recordings can't be written: they would be larger than 0 MB",
            "split the cases into several prompts, or record fewer repeats",
        )
    ]
    assert (stamps(opened.root), Journal(opened).pending) == (before, True)


def test_more_than_ninety_nine_files_are_refused(opened):
    settled = record(opened, *(recording(f"{n:03}", "x" * 2_000) for n in range(100)))

    assert [each.message for each in settled.problems] == [
        "the recordings can't be written: there would be more than 99 files"
    ]
    assert not (opened.root / FILE).exists()
    assert Journal(opened).pending


@pytest.mark.parametrize(
    ("content", "place"),
    [(b"{\n", f"{SECOND}:1:2"), (recordings_bytes(BEFORE[:1]), f"{SECOND}:1:1")],
)
def test_a_further_file_that_cant_be_read_whole_keeps_all_from_being_written(
    content, place, opened, repo
):
    repo.write({FILE: recordings_bytes(BEFORE[:1]), SECOND: content})

    settled = record(opened, recording("d"))

    assert [str(each.at) for each in settled.problems] == [place]
    assert (repo.root / SECOND).read_bytes() == content
    assert (repo.root / FILE).read_bytes() == recordings_bytes(BEFORE[:1])
    assert Journal(opened).pending


def test_a_link_in_place_of_a_further_file_is_not_followed(opened, repo, tmp_path):
    record(opened, *BEFORE)
    outside = tmp_path / "outside.jsonl"
    os.replace(repo.root / THIRD, outside)
    (repo.root / THIRD).symlink_to(outside)
    before = outside.read_bytes()

    settled = record(opened, recording("d"))

    assert [(each.at, each.message) for each in settled.problems] == [
        (Place(THIRD), "the recordings are not a regular file")
    ]
    assert (outside.read_bytes(), (repo.root / THIRD).is_symlink()) == (before, True)


def test_a_disk_that_fails_at_the_second_file_loses_nothing(opened, monkeypatch):
    replace = os.replace

    def full(source, target):
        if os.fspath(target).endswith("part02.jsonl"):
            raise OSError(28, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        settled = record(opened, *BEFORE)

    assert (settled.changed, len(settled.problems)) == ((FILE,), 1)
    assert write_journal(opened) == WrittenAnswers(changed=(SECOND, THIRD))
    assert {case for cases in kept(opened.root).values() for case in cases} == set(CASES)
