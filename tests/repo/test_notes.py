"""Git notes that are pushed."""

from __future__ import annotations

from promptops.repo.notes import Notes
from promptops.repo.repository import Repository

REF = "refs/notes/tests"


def test_without_a_note_there_is_nothing_to_push_and_a_note_arrives(repo, tmp_path):
    repo.write({"a": "b"})
    identity = repo.commit("one")
    there = tmp_path / "remote.git"
    repo.git("clone", "--quiet", "--bare", ".", str(there))

    with Repository.open(repo.root) as opened:
        notes = Notes(opened, REF)
        nothing = notes.push(str(there))
        notes.write({identity: b"{}\n"})
        pushed = notes.push(str(there))

    assert (nothing, pushed) == ("", "")
    assert repo.git("ls-remote", str(there), REF) != ""
