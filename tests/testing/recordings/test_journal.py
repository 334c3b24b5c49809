"""The journal: torn lines, full disks, one for each work tree."""

import json
import resource
from threading import Event, Thread

import pytest

from promptops.errors import GitError, InputError
from promptops.repo.repository import Repository
from promptops.source.recordings import recordings_bytes
from promptops.testing.recordings.writing import Journal, JournalContent, JournalEntry
from tests.testing.recordings.made import FILE, PROMPT, PROMPT_TEXT, recording

A, B = recording("a", "said \n«ä»"), recording("b")


def journal_file(repository):
    return repository.common_dir / "promptops" / "journal" / "main.jsonl"


def held_by(journal):
    """What a journal holds, which it still does afterwards."""
    seen = []

    def look(found):
        seen.append(found)
        return found.entries

    journal.hand_over(look)
    return seen[0]


def test_what_is_appended_is_handed_over_in_its_order(opened):
    journal = Journal(opened)
    journal.append("z/ü\t.recordings.jsonl", B)
    journal.append(FILE, A)

    found = held_by(Journal(opened))

    assert found == JournalContent(
        (JournalEntry("z/ü\t.recordings.jsonl", B), JournalEntry(FILE, A))
    )


def test_the_endpoint_of_an_answer_is_handed_over_and_a_line_of_an_earlier_version_has_none(opened):
    journal = Journal(opened)
    journal.append(FILE, A, "e" * 64)
    line = json.dumps(FILE).encode() + b"\t" + recordings_bytes((B,))
    with journal_file(opened).open("ab") as opened_file:
        opened_file.write(line)

    found = held_by(journal)

    assert found == JournalContent((JournalEntry(FILE, A, "e" * 64), JournalEntry(FILE, B)))


def test_what_is_not_kept_is_gone(opened):
    journal = Journal(opened)
    journal.append(FILE, A)
    journal.append(FILE, B)

    journal.hand_over(lambda found: found.entries[1:])

    assert held_by(journal) == JournalContent((JournalEntry(FILE, B),))
    journal.hand_over(lambda _: ())
    assert (journal.pending, journal_file(opened).exists()) == (False, False)


def test_while_entries_are_handed_over_nobody_adds_to_them(opened):
    journal = Journal(opened)
    journal.append(FILE, A)
    added = Event()
    adding = Thread(target=lambda: (Journal(opened).append(FILE, B), added.set()))

    def keep(_):
        adding.start()
        assert not added.wait(0.2)
        return ()

    journal.hand_over(keep)
    adding.join()

    assert held_by(journal) == JournalContent((JournalEntry(FILE, B),))


def test_when_handing_over_fails_all_is_still_there(opened):
    journal = Journal(opened)
    journal.append(FILE, A)

    with pytest.raises(ZeroDivisionError):
        journal.hand_over(lambda _: [1 // 0])

    assert held_by(journal) == JournalContent((JournalEntry(FILE, A),))


def test_a_line_that_was_cut_off_hides_no_other(opened):
    journal = Journal(opened)
    journal.append(FILE, A)
    whole = journal_file(opened).read_bytes()

    for cut in range(1, len(whole) - 1, 7):
        journal_file(opened).write_bytes(whole[:cut])
        journal.append(FILE, B)

        assert held_by(journal) == JournalContent((JournalEntry(FILE, B),), unreadable=1), cut


@pytest.mark.parametrize("rubbish", [b"\xff\xfe\n", b"[1]\t{}\n", b"{\n", b"1\t", b"\0" * 5000])
def test_rubbish_is_counted_and_hides_nothing(rubbish, opened):
    journal = Journal(opened)
    journal.append(FILE, A)
    with journal_file(opened).open("ab") as file:
        file.write(rubbish)
    journal.append(FILE, B)

    assert held_by(journal) == JournalContent(
        (JournalEntry(FILE, A), JournalEntry(FILE, B)), unreadable=1
    )


def test_on_a_full_disk_nothing_is_half_written(opened):
    journal = Journal(opened)
    journal.append(FILE, A)
    before = journal_file(opened).read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, limits[1]))
    try:
        with pytest.raises(InputError) as raised:
            journal.append(FILE, B)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert raised.value.message == "the journal of answers can't be written: file too large"
    assert journal_file(opened).read_bytes() == before


def test_a_journal_that_is_a_link_is_not_followed(opened, tmp_path):
    outside = tmp_path / "outside"
    journal_file(opened).parent.mkdir(parents=True)
    journal_file(opened).symlink_to(outside)

    with pytest.raises(InputError, match="can't be written"):
        Journal(opened).append(FILE, A)

    assert not outside.exists()


def test_a_linked_work_tree_has_a_journal_of_its_own(opened, repo):
    repo.git("worktree", "add", "--quiet", "../linked")
    Journal(opened).append(FILE, A)

    with Repository.open(repo.root.parent / "linked") as linked:
        Journal(linked).append(FILE, B)

        assert linked.common_dir == opened.common_dir
        assert held_by(Journal(linked)) == JournalContent((JournalEntry(FILE, B),))
        assert held_by(Journal(opened)) == JournalContent((JournalEntry(FILE, A),))


def test_without_a_work_tree_there_is_no_journal(repo, tmp_path):
    repo.write({PROMPT: PROMPT_TEXT})
    repo.commit("one")
    repo.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))

    with (
        Repository.open(tmp_path / "bare.git") as bare,
        pytest.raises(GitError, match="no work tree"),
    ):
        Journal(bare)
