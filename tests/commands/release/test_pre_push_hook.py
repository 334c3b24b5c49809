"""A `pre-push` hook of the repository, when a release is pushed."""

from __future__ import annotations

import pytest

from tests.commands.release.conftest import problems, tags, tags_of


@pytest.fixture
def pre_push(remote, catalog):
    """Put a hook of this repository in its place, that runs before a push."""

    def putting(script):
        file = catalog.root / ".git" / "hooks" / "pre-push"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    return putting


def test_a_release_that_a_hook_rejects_is_removed_and_reported(remote, catalog, release, pre_push):
    pre_push("echo 'run the tests first' >&2; exit 3")

    said = release(catalog, "--push")

    hint = "fix what the hook reports, then run it again"
    assert (said.code, said.value["state"]) == (1, "planned")
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


def test_a_hook_that_passes_is_not_blamed_for_a_push_of_its_own_that_fails(
    remote, catalog, release, hook, pre_push
):
    pre_push('[ "$INNER" ] && exit 1; INNER=1 git push --quiet origin main:other; exit 0')
    hook("pre-receive", "exit 1")

    said = release(catalog, "--push")

    assert (said.code, problems(said)) == (1, ["origin rejected 'v0.1.0'"])
    assert (tags(catalog), tags_of(remote)) == ([], [])
