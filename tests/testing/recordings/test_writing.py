"""Answers in the files of recordings: what replaces what, and what is never touched."""

import os
import subprocess

import pytest

from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.source.recordings import read_recordings, recordings_bytes
from promptops.testing.recordings.store import AnswerCache
from promptops.testing.recordings.writing import (
    Journal,
    NeededRecording,
    WrittenAnswers,
    write_journal,
)
from tests.testing.recordings.made import FILE, PROMPT, PROMPT_TEXT, need, recording

CASES = tuple("abcdefghij")
BEFORE = tuple(recording(case) for case in CASES)


def journalled(repository, *recordings, file=FILE):
    for each in recordings:
        assert Journal(repository).append(file, each, "e" * 64) is None


def kept(repository):
    found = read_recordings(FILE, (repository.root / FILE).read_bytes())
    assert found.problems == ()
    return found.recordings


def needs(*recordings):
    return {FILE: [need(each) for each in recordings]}


def test_answers_of_a_run_that_ended_early_are_put_into_the_file(opened):
    journalled(opened, *BEFORE)

    settled = write_journal(opened)

    assert settled == WrittenAnswers(changed=(FILE,))
    assert (opened.root / FILE).read_bytes() == recordings_bytes(BEFORE)
    assert write_journal(opened) == WrittenAnswers()


def test_a_change_of_wording_changes_lines_in_place(opened, repo):
    repo.write({FILE: recordings_bytes(BEFORE)})
    repo.commit("recorded")
    changed = [recording(case, wording="new") for case in CASES]
    journalled(opened, *changed)

    write_journal(opened, needs(*changed))

    assert kept(opened) == tuple(changed)
    assert repo.git("diff", "--numstat") == f"10\t10\t{FILE}"


def test_of_two_answers_to_one_request_the_last_counts(opened, repo):
    repo.write({FILE: recordings_bytes(BEFORE)})
    journalled(opened, recording("b", "second"), recording("b", "third"))

    write_journal(opened)

    assert [each.answer.text for each in kept(opened)][:3] == [
        "answer to a",
        "third",
        "answer to c",
    ]


def test_repeats_and_judges_stand_beside_each_other(opened):
    made = [
        recording("a"),
        recording("a", repeat=1),
        recording("a", wording="tone", judge="judge"),
        recording("a", wording="facts", judge="judge"),
    ]
    journalled(opened, *made)

    write_journal(opened, needs(*made))

    assert sorted(kept(opened), key=str) == sorted(made, key=str)


def test_a_judge_asked_one_thing_more_keeps_what_it_said_before(opened, repo):
    tone = recording("a", wording="tone", judge="judge")
    facts = recording("a", wording="facts", judge="judge")
    repo.write({FILE: recordings_bytes([tone])})
    journalled(opened, facts)

    write_journal(opened, needs(tone, facts))

    assert set(map(str, kept(opened))) == {str(tone), str(facts)}


def test_what_was_not_looked_up_stays_until_it_is_pruned(opened, repo):
    repo.write({FILE: recordings_bytes(BEFORE)})

    settled = write_journal(opened, needs(*BEFORE[:2]))
    pruned = write_journal(opened, needs(*BEFORE[:2]), prune=True)

    assert (settled, pruned) == (WrittenAnswers(), WrittenAnswers(changed=(FILE,)))
    assert kept(opened) == BEFORE[:2]


def test_only_the_files_that_a_run_looked_at_are_pruned(opened, repo):
    other = "prompts/other.recordings.jsonl"
    data = recordings_bytes(BEFORE)
    repo.write({"prompts/other.prompt.yml": PROMPT_TEXT, other: data, FILE: data})
    journalled(opened, recording("z"), file=other)

    write_journal(opened, needs(BEFORE[0]), prune=True)

    assert kept(opened) == BEFORE[:1]
    assert (repo.root / other).read_bytes() == recordings_bytes([*BEFORE, recording("z")])


def test_a_file_without_recordings_is_none(opened, repo):
    repo.write({FILE: recordings_bytes(BEFORE)})

    write_journal(opened, {FILE: []}, prune=True)

    assert os.listdir(repo.root / "prompts") == ["ask.prompt.yaml"]


def test_a_case_with_another_name_takes_its_recordings_along(opened, repo):
    repo.write({FILE: recordings_bytes([recording("old")])})
    renamed = NeededRecording(case="new", request=recording("old").request, repeat=0)

    write_journal(opened, {FILE: [renamed]})

    assert [(each.case, each.request) for each in kept(opened)] == [
        ("new", recording("old").request)
    ]


def test_a_file_stays_as_private_as_it_was(opened, repo):
    repo.write({FILE: recordings_bytes(BEFORE)})
    (repo.root / FILE).chmod(0o640)
    journalled(opened, recording("z"))

    write_journal(opened)

    assert (repo.root / FILE).stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(repo.root / "prompts")) == ["ask.prompt.yaml", "ask.recordings.jsonl"]


def test_a_file_that_would_not_change_is_not_written(opened, repo):
    repo.write({FILE: recordings_bytes(BEFORE)})
    before = (repo.root / FILE).stat()
    journalled(opened, BEFORE[0])

    write_journal(opened, needs(*BEFORE))

    assert (repo.root / FILE).stat() == before


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (
            b"{\n",
            Place(FILE, 1, 2, 1, 2),
            "not JSON: expecting property name enclosed in double quotes",
        ),
        (
            b'{"format": 2, "later": true}\n',
            Place(FILE, 1, 12, 1, 13),
            "format 2 is newer than this promptops, which reads 1",
        ),
        (
            b"<<<<<<< HEAD\n",
            Place(FILE, 1, 1, 1, 13),
            "a conflict marker of an unresolved merge",
        ),
    ],
)
def test_a_file_that_cant_be_read_whole_is_not_touched(content, place, message, opened, repo):
    repo.write({FILE: content})
    journalled(opened, *BEFORE)

    settled = write_journal(opened)

    assert [(each.at, each.message) for each in settled.problems] == [(place, message)]
    assert (repo.root / FILE).read_bytes() == content
    (repo.root / FILE).unlink()
    assert write_journal(opened) == WrittenAnswers(changed=(FILE,))
    assert kept(opened) == BEFORE


def test_one_file_that_cant_be_written_holds_up_no_other(opened, repo):
    other = "prompts/other.recordings.jsonl"
    repo.write({"prompts/other.prompt.yaml": PROMPT_TEXT, FILE: b"rubbish"})
    journalled(opened, BEFORE[0])
    journalled(opened, BEFORE[1], file=other)

    settled = write_journal(opened)

    assert (settled.changed, len(settled.problems)) == ((other,), 1)
    assert (repo.root / other).read_bytes() == recordings_bytes([BEFORE[1]])


def test_a_link_is_not_followed_whatever_it_leads_to(opened, repo, tmp_path):
    outside = tmp_path / "outside.jsonl"
    outside.write_bytes(recordings_bytes(BEFORE[:1]))
    (repo.root / FILE).symlink_to(outside)
    journalled(opened, BEFORE[1])

    settled = write_journal(opened)

    assert settled.problems == (
        Problem(
            "the recordings are not a regular file",
            at=Place(FILE),
            hint="move that file away",
            code="SCH001",
        ),
    )
    assert outside.read_bytes() == recordings_bytes(BEFORE[:1])
    assert (repo.root / FILE).is_symlink()


@pytest.mark.parametrize(
    "path",
    [
        "linked/ask.recordings.jsonl",
        "../outside/ask.recordings.jsonl",
        "{tmp}/outside/ask.recordings.jsonl",
        "prompts/ask.prompt.yaml",
    ],
)
def test_nothing_is_written_outside_the_repository_or_over_another_file(
    path, opened, repo, tmp_path
):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "ask.prompt.yaml").write_text(PROMPT_TEXT)
    (repo.root / "linked").symlink_to(outside)
    repo.write({"prompts/ask.prompt.yaml.prompt.yaml": PROMPT_TEXT})
    file = path.format(tmp=tmp_path)
    journalled(opened, BEFORE[0], file=file)

    settled = write_journal(opened)

    assert [(each.at, each.message) for each in settled.problems] == [
        (Place(file), "the path of the recordings is outside the repository")
    ]
    assert os.listdir(outside) == ["ask.prompt.yaml"]
    assert (repo.root / PROMPT).read_text() == PROMPT_TEXT
    assert Journal(opened).pending


def test_answers_to_a_prompt_of_another_branch_are_kept_in_the_cache(opened, repo):
    journalled(opened, BEFORE[0], file="prompts/elsewhere.recordings.jsonl")

    settled = write_journal(opened)

    assert (settled, Journal(opened).pending) == (WrittenAnswers(), False)
    assert repo.git("status", "--porcelain") == ""
    found = AnswerCache(opened.common_dir).find(BEFORE[0].request, 0, "e" * 64)
    assert found == BEFORE[0].answer


def test_what_a_crash_left_of_a_file_goes_with_the_next_answer(opened, repo, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (repo.root / "prompts" / ".ask.recordings.jsonl.new").symlink_to(outside)
    journalled(opened, BEFORE[0])

    write_journal(opened)

    assert kept(opened) == BEFORE[:1]
    assert outside.read_text() == "mine"
    assert sorted(os.listdir(repo.root / "prompts")) == ["ask.prompt.yaml", "ask.recordings.jsonl"]


def branches(repo, ours, theirs):
    """Two branches that each recorded one case anew, and what merging them ended with."""
    repo.write({PROMPT: PROMPT_TEXT, FILE: recordings_bytes(BEFORE)})
    repo.commit("recorded")
    for branch, case in (("ours", ours), ("theirs", theirs)):
        repo.git("checkout", "--quiet", "-b", branch, "main")
        made = [recording(c, wording=branch) if c == case else recording(c) for c in CASES]
        repo.write({FILE: recordings_bytes(made)})
        repo.commit(branch)
    return subprocess.run(
        ["git", "merge", "--quiet", "ours"], cwd=repo.root, capture_output=True, check=False
    ).returncode


def test_branches_that_record_cases_apart_merge_by_themselves(repo):
    status = branches(repo, "b", "h")

    found = read_recordings(FILE, (repo.root / FILE).read_bytes())
    assert (status, found.problems) == (0, ())
    assert found.recordings == tuple(
        recording(case, wording={"b": "ours", "h": "theirs"}.get(case, "")) for case in CASES
    )


def test_branches_that_record_one_case_conflict_and_git_and_we_say_so(repo):
    status = branches(repo, "b", "b")

    found = read_recordings(FILE, (repo.root / FILE).read_bytes())
    assert (status, [each.message for each in found.problems]) == (
        1,
        ["a conflict marker of an unresolved merge"],
    )
    assert [each.case for each in found.recordings] == sorted([*CASES, "b"])
