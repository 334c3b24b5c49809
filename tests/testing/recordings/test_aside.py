"""Recordings aside: the answers of other arms, in folders of their own."""

from dataclasses import replace

import pytest

from promptops.catalog.files import Files
from promptops.model.config import Config
from promptops.source.recordings import read_recordings, recordings_bytes
from promptops.testing.recordings.store import (
    AnswerCache,
    RecordingRoots,
    RecordingsAside,
    Store,
    StoredAnswer,
    arm_folder,
    recording_roots,
)
from promptops.testing.recordings.writing import Journal, WrittenAnswers, write_journal
from promptops.testing.runner import write_earlier_answers
from promptops.workspace.workspace import workspace
from tests.testing.recordings.made import FILE, PROMPT, PROMPT_TEXT, need, recording

ASIDE = "comparisons/strong/ask.recordings.jsonl"
PROBES = "probes/ask.recordings.jsonl"
ROOTS = recording_roots(Config())
A, B = recording("a"), recording("b")


def timed(recorded, latency_s):
    return replace(recorded, answer=replace(recorded.answer, latency_s=latency_s))


def recorded_at(repository, file):
    found = read_recordings(file, (repository.root / file).read_bytes())
    assert found.problems == ()
    return found.recordings


def store_aside(repo, cache=None):
    with workspace(repo.root) as found:
        tree = found.repository.tree("worktree", under=("comparisons",))
        aside = RecordingsAside("comparisons/strong", Files(tree), {PROMPT: "ask"})
        store = Store(found.catalog, cache, aside)
        store.problems(PROMPT)  # read while git is there
        return store


@pytest.mark.parametrize("file", [ASIDE, PROBES])
def test_answers_aside_do_not_touch_the_recordings_of_the_gate(opened, repo, file):
    repo.write({FILE: recordings_bytes([A])})
    other = recording("a", "another answer", wording="other model")
    Journal(opened).append(file, other)

    written = write_journal(opened, {file: [need(other)]}, roots=ROOTS)

    assert written == WrittenAnswers(changed=(file,))
    assert recorded_at(opened, file) == (other,)
    assert (opened.root / FILE).read_bytes() == recordings_bytes([A])


def test_a_new_answer_replaces_the_one_of_its_case_only_within_its_arm(opened, repo):
    other_arm = "comparisons/weak/ask.recordings.jsonl"
    repo.write({ASIDE: recordings_bytes([A, B]), other_arm: recordings_bytes([A])})
    changed = recording("a", wording="new")
    Journal(opened).append(ASIDE, changed)

    write_journal(opened, {ASIDE: [need(changed), need(B)]}, roots=ROOTS)

    assert recorded_at(opened, ASIDE) == (changed, B)
    assert recorded_at(opened, other_arm) == (A,)


def test_pruning_an_arm_removes_only_its_own_recordings(opened, repo):
    repo.write({FILE: recordings_bytes([A, B]), ASIDE: recordings_bytes([A, B])})

    write_journal(opened, {ASIDE: [need(A)]}, prune=True, roots=ROOTS)

    assert recorded_at(opened, ASIDE) == (A,)
    assert recorded_at(opened, FILE) == (A, B)


def test_pruning_removes_the_recordings_of_a_prompt_that_no_longer_exists(opened, repo):
    gone = "comparisons/strong/gone.recordings.jsonl"
    repo.write({gone: recordings_bytes([A]), ASIDE: recordings_bytes([A])})

    write_journal(opened, {gone: (), ASIDE: [need(A)]}, roots=ROOTS)
    before = (opened.root / gone).exists()
    write_journal(opened, {gone: (), ASIDE: [need(A)]}, prune=True, roots=ROOTS)

    assert (before, (opened.root / gone).exists()) == (True, False)
    assert recorded_at(opened, ASIDE) == (A,)


def test_answers_for_a_prompt_that_is_not_in_the_work_tree_go_to_the_cache(opened, repo):
    file = "comparisons/strong/gone.recordings.jsonl"
    Journal(opened).append(file, A, "e" * 64)

    written = write_journal(opened, roots=ROOTS)

    assert written == WrittenAnswers()
    assert not (opened.root / "comparisons").exists()
    assert AnswerCache(opened.common_dir).find(A.request, 0, "e" * 64) == A.answer


def test_the_prompt_is_found_in_any_prompt_root(opened, repo):
    repo.write({"more/deep/ask.prompt.yml": PROMPT_TEXT, "top.prompt.yaml": PROMPT_TEXT})
    roots = RecordingRoots(prompts=("prompts", "more", "."), comparisons="c", probes="p")

    found = {
        file: roots.has_prompt(opened.root, file)
        for file in (
            "c/strong/deep/ask.recordings.jsonl",
            "c/strong/ask.recordings.jsonl",
            "p/deep/ask.recordings.jsonl",
            "c/strong/top.recordings.jsonl",
            "more/deep/ask.recordings.jsonl",
            "c/ask.recordings.jsonl",
            "other/ask.recordings.jsonl",
        )
    }

    assert list(found.values()) == [True, True, True, True, True, False, False]


def test_an_interrupted_recording_of_an_arm_is_completed_by_the_next_run(opened, repo):
    repo.write({"promptops.toml": '[compare]\nrecordings = "arms"\n'})
    Journal(opened).append("arms/strong/ask.recordings.jsonl", A)

    write_earlier_answers(opened.root)

    assert recorded_at(opened, "arms/strong/ask.recordings.jsonl") == (A,)
    assert not Journal(opened).pending


def test_the_latency_of_an_answer_is_recorded_aside_with_three_digits(opened, repo):
    Journal(opened).append(ASIDE, timed(A, 1.23456))
    Journal(opened).append(FILE, timed(A, 1.23456))

    write_journal(opened, roots=ROOTS)

    assert recorded_at(opened, ASIDE) == (timed(A, 1.23),)
    assert (opened.root / FILE).read_bytes() == recordings_bytes([A])


def test_a_latency_next_to_a_prompt_is_ignored_and_removed_with_the_next_answer(opened, repo):
    repo.write({FILE: recordings_bytes([timed(A, 4.0)])})
    found = store_aside(repo).find(PROMPT, A.request, 0)
    Journal(opened).append(FILE, B)

    write_journal(opened, roots=ROOTS)

    assert found == StoredAnswer(A.answer, "recorded")
    assert (opened.root / FILE).read_bytes() == recordings_bytes([A, B])


def test_the_cache_has_no_latencies(opened, repo):
    cache = AnswerCache(opened.common_dir)

    cache.keep([("e" * 64, timed(A, 2.0))])

    assert cache.find(A.request, 0, "e" * 64) == A.answer


def test_the_recordings_of_the_prompt_win_over_those_aside(opened, repo):
    repo.write(
        {
            FILE: recordings_bytes([A]),
            ASIDE: recordings_bytes([recording("a", "aside"), timed(B, 0.5)]),
        }
    )
    store = store_aside(repo, AnswerCache(opened.common_dir))

    assert store.find(PROMPT, A.request, 0) == StoredAnswer(A.answer, "recorded")
    assert store.find(PROMPT, B.request, 0) == StoredAnswer(timed(B, 0.5).answer, "recorded")
    assert store.first_file(PROMPT) == ASIDE
    assert store.recordings(PROMPT) == (recording("a", "aside"), timed(B, 0.5))


def test_a_line_aside_that_can_not_be_read_is_a_problem_with_its_place(opened, repo):
    repo.write({ASIDE: b"{\n"})

    (problem,) = store_aside(repo).problems(PROMPT)

    assert str(problem.at) == f"{ASIDE}:1:2"


@pytest.mark.parametrize(
    ("arm", "folder"),
    [
        ("strong", "comparisons/strong"),
        ("v1.7.0", "comparisons/v1.7.0"),
        ("origin/main", "comparisons/origin%2Fmain"),
        ("..", "comparisons/%2E."),
        (".", "comparisons/%2E"),
        ("HEAD~1", "comparisons/HEAD~1"),
        ("a%2Fb", "comparisons/a%252Fb"),
        ("größe\n", "comparisons/gr%C3%B6%C3%9Fe%0A"),
    ],
)
def test_the_folder_of_an_arm_is_one_part_of_a_path(arm, folder):
    assert arm_folder("comparisons", arm) == folder
