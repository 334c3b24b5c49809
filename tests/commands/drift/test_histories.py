"""Nights in git notes and in files: two clones, refused pushes, conflicts, damaged lines."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from promptops.commands.drift.history import FileHistory, NotesHistory, night_line
from promptops.errors import GitError, InputError
from promptops.model.night import NOTES_REF, Night
from promptops.records import replace
from promptops.repo.repository import Repository
from tests.commands.drift.test_history_lines import LINE, NIGHT
from tests.conftest import GitRepository


@pytest.fixture
def remote(repo: GitRepository, tmp_path: Path) -> GitRepository:
    """A bare repository with a release; `repo` has it as its origin."""
    repo.commit("first")
    repo.git("tag", "--annotate", "--message", "v1", "v1.0.0")
    there = tmp_path / "remote.git"
    repo.git("clone", "--quiet", "--bare", ".", str(there))
    repo.git("remote", "add", "origin", str(there))
    return GitRepository(there)


def clone(remote: GitRepository, folder: Path, *options: str) -> GitRepository:
    url = f"file://{remote.root}"
    remote.git("clone", "--quiet", *options, url, str(folder))
    return GitRepository(folder)


def at(hour: int) -> Night:
    return replace(NIGHT, at=f"2026-11-27T{hour:02}:00:00Z")


def nightly(repo: GitRepository, night: Night) -> str:
    """Fetch, add a night, push; returns why the push failed, or ""."""
    with Repository.open(repo.root) as opened:
        history = NotesHistory(opened)
        history.notes.fetch("origin")
        history.add([night], repo.git("rev-parse", "v1.0.0"))
        return history.notes.push("origin")


def nights(repo: GitRepository) -> list[str]:
    with Repository.open(repo.root) as opened:
        return [night.at for night in NotesHistory(opened).read().nights]


def test_two_clones_in_turns_lose_nothing(repo, remote, tmp_path):
    other = clone(remote, tmp_path / "other", "--depth=1")

    refused = [nightly(repo if hour % 2 else other, at(hour)) for hour in range(4)]

    assert refused == [""] * 4
    assert nights(repo) == [at(hour).at for hour in range(4)]
    assert nights(remote) == [at(hour).at for hour in range(4)]


def test_a_push_that_is_too_late_is_merged_and_tried_again(repo, remote, tmp_path):
    other = clone(remote, tmp_path / "other")
    tag = repo.git("rev-parse", "v1.0.0")
    with Repository.open(repo.root) as opened:
        history = NotesHistory(opened)
        history.notes.fetch("origin")
        history.add([at(1)], tag)
        nightly(other, at(2))

        assert history.notes.push("origin") == ""

    assert nights(remote) == [at(1).at, at(2).at]


def test_a_refused_push_keeps_the_night_here(repo, remote):
    hook = remote.root / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)

    why = nightly(repo, at(1))

    assert why == "[remote rejected] (pre-receive hook declined)"
    assert nights(repo) == [at(1).at]


def test_a_remote_that_is_gone_is_an_error_of_git(repo, remote):
    remote.root.rename(remote.root.with_name("moved"))

    with pytest.raises(GitError) as error:
        nightly(repo, at(1))

    assert "does not appear to be a git repository" in error.value.message


def test_a_ref_in_the_place_of_the_notes_is_reported(repo, remote):
    repo.git("update-ref", f"{NOTES_REF}/other", "HEAD")

    with pytest.raises(GitError) as error:
        nights(repo)

    assert error.value.message == f"`{NOTES_REF}/other` prevents notes in `{NOTES_REF}`"
    assert error.value.hint == f"rename or delete it: git update-ref -d {NOTES_REF}/other"


def test_a_ref_without_notes_is_reported(repo, remote):
    repo.git("update-ref", NOTES_REF, "HEAD^{tree}")

    with pytest.raises(GitError) as error:
        nightly(repo, at(1))

    assert error.value.message == f"the revision '{NOTES_REF}' is a tree, not a commit"


def test_a_note_that_a_partial_clone_lacks_is_reported(repo, remote, tmp_path):
    nightly(repo, at(1))
    remote.git("config", "uploadpack.allowFilter", "true")
    other = clone(remote, tmp_path / "other", "--filter=blob:none", "--no-checkout")
    other.git("fetch", "--quiet", "origin", f"{NOTES_REF}:{NOTES_REF}")

    with pytest.raises(GitError) as error:
        nights(other)

    assert error.value.message.startswith(f"a note of `{NOTES_REF}` is missing in this clone: ")


def test_a_damaged_line_of_a_note_is_reported_and_stays(repo, remote, monkeypatch):
    tag = repo.git("rev-parse", "v1.0.0")
    (repo.root / "note").write_bytes(b"{not a night}\n" + LINE.encode())
    blob = repo.git("hash-object", "-w", "note")
    repo.git("notes", f"--ref={NOTES_REF}", "add", "-C", blob, tag)
    for name in ("AUTHOR", "COMMITTER"):  # as in CI
        monkeypatch.delenv(f"GIT_{name}_NAME")
        monkeypatch.delenv(f"GIT_{name}_EMAIL")
    monkeypatch.setenv("EMAIL", "")
    repo.git("config", "user.useConfigOnly", "true")

    with Repository.open(repo.root) as opened:
        NotesHistory(opened).add([at(5)], tag)
        found = NotesHistory(opened).read()

    assert [str(problem.place) for problem in found.problems] == [f"{NOTES_REF}:{tag}:1:2"]
    assert found.nights == (NIGHT, at(5))
    whole = repo.git("notes", f"--ref={NOTES_REF}", "show", tag)
    assert whole == f"{{not a night}}\n{LINE}{night_line(at(5)).decode()}".removesuffix("\n")
    assert repo.git("log", "-1", "--format=%an %cn", NOTES_REF) == "promptops promptops"


def test_a_history_in_a_file_is_replaced_as_a_whole(repo, tmp_path):
    file = tmp_path / "nights.jsonl"
    with Repository.open(repo.root) as opened:
        history = FileHistory(opened, file)
        history.add([at(2)], "")
        file.write_bytes(file.read_bytes() + b"torn")
        history.add([at(1)], "")

        assert history.read().nights == (at(1), at(2))

    assert file.read_bytes() == night_line(at(2)) + b"torn\n" + night_line(at(1))
    assert sorted(os.listdir(tmp_path)) == ["nights.jsonl", "repo"]


def test_a_history_that_is_a_folder_is_an_error(repo, tmp_path):
    with Repository.open(repo.root) as opened, pytest.raises(InputError) as error:
        FileHistory(opened, tmp_path).read()

    assert error.value.message == "the history can't be read: is a directory"


def test_a_file_that_is_no_history_or_cannot_be_written_is_refused_before_any_request(
    repo, tmp_path
):
    log, missing = tmp_path / "app.jsonl", tmp_path / "missing" / "nights.jsonl"
    log.write_text('\n{"prompt": "triage", "output": "ok"}\n')

    with Repository.open(repo.root) as opened:
        with pytest.raises(InputError) as foreign:
            FileHistory(opened, log).read()
        with pytest.raises(InputError) as no_folder:
            FileHistory(opened, missing).read()

    assert (foreign.value.message, foreign.value.where) == (
        "it is not a history of nights: it has no `format`",
        f"{log}:2:1",
    )
    assert foreign.value.hint == "name a file that `promptops drift` wrote, or a new one"
    assert (no_folder.value.message, no_folder.value.where) == (
        "the history can't be written: no such file or directory",
        str(missing),
    )
    assert sorted(os.listdir(tmp_path)) == ["app.jsonl", "repo"]


@pytest.mark.slow
def test_two_clones_that_push_at_once_lose_nothing(repo, remote, tmp_path):
    other = clone(remote, tmp_path / "other")
    with ThreadPoolExecutor(2) as threads:
        for hour in range(3):
            both = [
                threads.submit(nightly, each, replace(at(hour), prompt=name))
                for each, name in ((repo, "a"), (other, "b"))
            ]
            assert [each.result() for each in both] == ["", ""]

    assert nights(remote) == [at(hour).at for hour in range(3) for _ in range(2)]


def test_two_runs_in_one_clone_write_one_after_the_other(repo, remote):
    tag = repo.git("rev-parse", "v1.0.0")
    with Repository.open(repo.root) as opened, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda hour: NotesHistory(opened).add([at(hour)], tag), range(4)))

    assert nights(repo) == [at(hour).at for hour in range(4)]
