"""What a review of releases found; each was wrong once."""

from __future__ import annotations

import pytest

from promptops.errors import GitError
from promptops.jobs.release.release import ReleaseOptions, prepare, publish
from tests.jobs.released import key, signing_with
from tests.release.conftest import PER_PROMPT, STYLE, problems, tags, tags_of


@pytest.fixture
def pre_push(remote, catalog):
    """Put a hook of this repository in its place, that runs before a push."""

    def putting(script):
        file = catalog.root / ".git" / "hooks" / "pre-push"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    return putting


@pytest.mark.parametrize("push", [None, ""])
def test_a_tag_of_another_commit_that_came_between_is_not_taken_for_the_release(
    remote, catalog, push
):
    """It comes while somebody looks at the plan."""
    catalog.write({"promptops.toml": PER_PROMPT})
    catalog.commit("a tag for each prompt")
    catalog.git("push", "--quiet")
    report = prepare(catalog.root, ReleaseOptions(push=push))
    catalog.write({STYLE: "Be long.\n"})
    catalog.commit("two")
    catalog.git("tag", "--annotate", "--message", "another", "v0.1.0")

    with pytest.raises(GitError, match=r"'v0\.1\.0' could not be created: .*already exists"):
        publish(catalog.root, report, ReleaseOptions(push=push))

    assert (report.problems, tags(catalog), tags_of(remote)) == ((), ["v0.1.0"], [])


def test_a_release_that_is_made_unsigned_is_not_pushed_as_a_signed_one(
    remote, catalog, release, tmp_path
):
    release(catalog)
    signing_with(catalog, key(tmp_path))

    said = release(catalog, "--sign", "--push")

    assert (said.code, problems(said), tags_of(remote)) == (
        1,
        ["'v0.1.0' exists already, and is not signed"],
        [],
    )


def test_what_a_hook_before_the_push_refuses_is_taken_back_and_told(
    remote, catalog, release, pre_push
):
    pre_push("echo 'run the tests first' >&2; exit 3")

    said = release(catalog, "--push")

    hint = "fix what the hook reports, then run it again"
    assert (said.code, said.value["state"], said.value["created"]) == (1, "planned", False)
    assert said.value["problems"] == [
        {
            "message": "the hook `pre-push` rejected 'v0.1.0'",
            "hint": hint,
            "details": ["run the tests first"],
        }
    ]
    assert (tags(catalog), tags_of(remote)) == ([], [])


def test_a_release_that_an_earlier_run_made_outlives_a_hook_that_refuses_it(
    catalog, release, pre_push
):
    release(catalog)
    pre_push("exit 1")

    said = release(catalog, "--push")

    assert (said.code, said.value["state"], tags(catalog)) == (1, "done", ["v0.1.0"])


def test_a_hook_may_print_what_looks_like_an_answer_of_git(remote, catalog, release, pre_push):
    pre_push("echo '!'; echo '{'")

    said = release(catalog, "--push")

    assert (said.code, said.value["pushed"], tags_of(remote)) == (0, "origin", ["v0.1.0"])


def test_a_hook_that_lets_go_is_not_blamed_for_a_push_of_its_own_that_fails(
    remote, catalog, release, hook, pre_push
):
    pre_push('[ "$INNER" ] && exit 1; INNER=1 git push --quiet origin main:other; exit 0')
    hook("pre-receive", "exit 1")

    said = release(catalog, "--push")

    assert (said.code, problems(said)) == (1, ["origin rejected 'v0.1.0'"])
    assert (tags(catalog), tags_of(remote)) == ([], [])
