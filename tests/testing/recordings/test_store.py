"""Where answers are looked up: committed recordings, then the cache."""

import os

import pytest

from promptops.model.config import ModelProfile
from promptops.model.place import Place
from promptops.source.recordings import recordings_bytes
from promptops.testing.recordings.store import AnswerCache, Store, StoredAnswer, endpoint_digest
from promptops.workspace.workspace import workspace
from tests.testing.recordings.made import FILE, PROMPT, PROMPT_TEXT, digest, recording

A = recording("a")
PROFILE = ModelProfile(name="one", provider="openai", id="m", base_url="http://one.example:1/v1")
OTHER = ModelProfile(name="two", provider="openai", id="m", base_url="http://two.example:2/v1")
ONE = endpoint_digest(PROFILE)


@pytest.fixture
def cache(opened):
    return AnswerCache(opened.common_dir)


def keep(cache, *recordings, endpoint=ONE):
    cache.keep([(endpoint, each) for each in recordings])


def store_at(repo, cache=None, revision="worktree"):
    with workspace(repo.root, revision) as found:
        store = Store(found.catalog, cache)
        store.problems(PROMPT)  # read while git is there
        return store


def files(repository):
    folder = repository.common_dir / "promptops" / "answers"
    return sorted(path for path in folder.rglob("*") if path.is_file())


def file_of(repository, recorded):
    (file,) = (each for each in files(repository) if each.name.startswith(recorded.request[2:]))
    return file


def test_a_recording_is_found_by_request_repeat_and_judge(opened, repo):
    judged = recording("a", judge="judge")
    repo.write({FILE: recordings_bytes([A, judged])})
    store = store_at(repo)

    assert store.find(PROMPT, A.request, 0) == StoredAnswer(A.answer, "recorded")
    assert store.find(PROMPT, judged.request, 0, "judge") == StoredAnswer(judged.answer, "recorded")
    assert store.find(PROMPT, A.request, 1) is None
    assert store.find(PROMPT, A.request, 0, "judge") is None
    assert store.find(PROMPT, digest("other"), 0) is None
    assert store.find("prompts/other.prompt.yaml", A.request, 0) is None


def test_the_recordings_are_those_of_the_revision(opened, repo):
    repo.write({FILE: recordings_bytes([A])})
    repo.commit("recorded")
    repo.write({FILE: recordings_bytes([recording("a", "not committed")])})

    assert store_at(repo, revision="HEAD").find(PROMPT, A.request, 0) == StoredAnswer(
        A.answer, "recorded"
    )
    assert store_at(repo, revision="HEAD~1").find(PROMPT, A.request, 0) is None


def test_what_is_recorded_goes_before_what_is_cached(opened, repo, cache):
    repo.write({FILE: recordings_bytes([A])})
    other = recording("other")
    keep(cache, recording("a", "from the cache"), other)
    store = store_at(repo, cache)

    assert store.find(PROMPT, A.request, 0) == StoredAnswer(A.answer, "recorded")
    assert store.find(PROMPT, other.request, 0, profile=PROFILE) == StoredAnswer(
        other.answer, "cached", "http://one.example:1/v1"
    )
    assert store.find(PROMPT, other.request, 1, profile=PROFILE) is None


def test_an_answer_of_another_address_is_not_found_in_the_cache(opened, repo, cache):
    keep(cache, A)
    store = store_at(repo, cache)
    default = ModelProfile(name="one", provider="openai", id="m")

    found = [store.find(PROMPT, A.request, 0, profile=each) for each in (OTHER, default, None)]

    assert found == [None, None, None]


def test_the_address_in_the_environment_is_another_one(opened, repo, cache, monkeypatch):
    default = ModelProfile(name="one", provider="openai", id="m")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://user:secret@one.example:1/v1?key=secret")
    keep(cache, A, endpoint=endpoint_digest(default))
    store = store_at(repo, cache)

    same = store.find(PROMPT, A.request, 0, profile=default)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://two.example:2/v1")
    other = store.find(PROMPT, A.request, 0, profile=default)

    assert same == StoredAnswer(A.answer, "cached", "http://one.example:1/v1")
    assert other is None


def test_the_result_of_a_function_is_not_cached(opened, cache):
    keep(cache, A, endpoint="")

    assert files(opened) == []


def test_a_line_that_is_wrong_is_told_and_the_others_are_found(opened, repo):
    repo.write({FILE: b"x\n" + recordings_bytes([A])})
    store = store_at(repo)

    assert store.find(PROMPT, A.request, 0) == StoredAnswer(A.answer, "recorded")
    assert [(each.at, each.message) for each in store.problems(PROMPT)] == [
        (Place(FILE, 1, 1, 1, 2), "not JSON: expecting value")
    ]


@pytest.mark.parametrize("file", [FILE, "prompts/ask.recordings.part05.jsonl"])
def test_recordings_behind_a_link_are_not_read_and_it_is_told(file, opened, repo, tmp_path):
    outside = tmp_path / "outside.jsonl"
    outside.write_bytes(recordings_bytes([A]))
    (repo.root / file).symlink_to(outside)
    store = store_at(repo)

    assert store.find(PROMPT, A.request, 0) is None
    assert [(each.at, each.message) for each in store.problems(PROMPT)] == [
        (Place(file), "recordings that are a symbolic link")
    ]


def test_an_answer_is_found_in_whatever_file_it_is(opened, repo):
    other = recording("other")
    further = "prompts/ask.recordings.part05.jsonl"
    repo.write({FILE: recordings_bytes([A]), further: recordings_bytes([other])})
    store = store_at(repo)

    assert store.find(PROMPT, A.request, 0) == StoredAnswer(A.answer, "recorded")
    assert store.find(PROMPT, other.request, 0) == StoredAnswer(other.answer, "recorded")
    assert store.recordings(PROMPT) == (A, other)


def test_a_prompt_without_recordings_is_no_problem(opened, repo):
    repo.write({"prompts/new.prompt.yaml": PROMPT_TEXT, FILE: b""})

    assert store_at(repo).problems(PROMPT) == ()
    assert store_at(repo).problems("prompts/new.prompt.yaml") == ()


def test_the_cache_is_no_part_of_the_work_tree(opened, repo, cache):
    keep(cache, A, recording("a", repeat=1))

    assert repo.git("status", "--porcelain", "--ignored") == ""
    assert [path.name for path in files(opened)] == [f"{A.request[2:]}-0", f"{A.request[2:]}-1"]


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"\xff", recordings_bytes([recording("b")]), recordings_bytes([A])[:-20]],
)
def test_a_cached_file_that_is_none_is_taken_away(content, opened, cache):
    keep(cache, A)
    (file,) = files(opened)
    file.write_bytes(content)

    assert (cache.find(A.request, 0, ONE), files(opened)) == (None, [])


def test_a_cache_that_grew_too_large_forgets_what_is_oldest(opened):
    cache = AnswerCache(opened.common_dir, max_bytes=8 * 4096)
    made = [recording(f"{number}") for number in range(8)]
    for age, each in enumerate(made):
        keep(cache, each)
        os.utime(file_of(opened, each), (1_000_000 + age, 1_000_000 + age))

    keep(cache, recording("new"))

    found = [cache.find(each.request, 0, ONE) is not None for each in made]
    assert found == [False] * 3 + [True] * 5
    assert cache.find(recording("new").request, 0, ONE) == recording("new").answer


def test_a_cache_that_cant_be_written_is_no_error(opened, cache):
    folder = opened.common_dir / "promptops"
    folder.mkdir()
    (folder / "answers").write_text("a file")

    keep(cache, A)

    assert cache.find(A.request, 0, ONE) is None


def test_what_may_not_be_recorded_is_not_cached_either(opened, cache):
    keep(cache, recording("a", finish_reason="content_filter"))

    assert files(opened) == []
