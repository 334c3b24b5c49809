"""What the remote lacks: earlier releases go with the next push, unreviewed commits forbid one."""

from __future__ import annotations

import pytest

from promptops.commands.release.plan import remote_problems
from promptops.repo.repository import Repository
from tests.commands.release.conftest import PER_PROMPT, STYLE, problems, tags, tags_of


def moved(catalog, text="Be short.\n", *, pushed=True):
    catalog.write({STYLE: text})
    commit = catalog.commit("moved")
    if pushed:
        catalog.git("push", "--quiet")
    return commit


def unrelated(catalog):
    catalog.write({"README.md": "none of our business"})
    catalog.commit("unrelated")
    catalog.git("push", "--quiet")


def test_a_release_that_head_has_left_behind_is_told_and_pushed(remote, catalog, say):
    say(catalog, "release", "--yes")
    unrelated(catalog)

    told = say(catalog, "release", "--dry-run", "--push")
    before = tags_of(remote)
    pushed = say(catalog, "release", "--yes", "--push")
    again = say(catalog, "release", "--yes", "--push")

    nothing = (
        "no change since v0.1.0 requires a new version; test cases were not checked: "
        "run `promptops check`\n"
    )
    assert (told.code, told.out, before) == (0, f"{nothing}not pushed yet: v0.1.0\n", [])
    assert (pushed.code, pushed.out) == (0, f"{nothing}also pushed to origin: v0.1.0\n")
    assert (again.code, again.out, tags_of(remote)) == (0, nothing, ["v0.1.0"])


@pytest.mark.slow
def test_an_earlier_release_that_is_pushed_too_is_named_once(remote, catalog, say):
    say(catalog, "release", "--yes")
    moved(catalog)

    pushed = say(catalog, "release", "--yes", "--push")

    named = [line for line in pushed.out.splitlines() if "pushed" in line]
    assert named == ["also pushed to origin: v0.1.0"]


@pytest.mark.slow
def test_earlier_releases_go_with_the_next_one_and_none_made_by_hand(remote, catalog, release):
    catalog.write({"promptops.toml": PER_PROMPT})
    catalog.commit("two")
    catalog.git("push", "--quiet")
    release(catalog)
    moved(catalog)
    release(catalog)
    catalog.git("tag", "--annotate", "-m", "mine", "v0.0.1", "HEAD~1")
    moved(catalog, "Be clear.\n")

    said = release(catalog, "--push")

    every = [tag for tag in tags(catalog) if tag != "v0.0.1"]
    earlier = [tag for tag in every if not tag.endswith("v0.1.2")]
    assert (said.code, sorted(said.value["earlier"])) == (0, earlier)
    assert (len(earlier), tags_of(remote)) == (6, every)


@pytest.mark.slow
def test_where_the_remote_refuses_an_earlier_one_the_new_one_is_taken_back(
    remote, catalog, release, hook
):
    release(catalog)
    moved(catalog)
    hook("update", '[ "$1" != refs/tags/v0.1.0 ]')

    said = release(catalog, "--push")

    assert (said.code, tags(catalog), tags_of(remote)) == (1, ["v0.1.0"], [])


@pytest.mark.slow
def test_where_the_remote_is_away_and_nothing_is_new_it_says_so(remote, catalog, say):
    say(catalog, "release", "--yes")
    unrelated(catalog)
    remote.rename(remote.with_name("away.git"))

    said = say(catalog, "release", "--yes", "--push")

    assert (said.code, said.out) == (4, "")
    assert said.err.endswith("server.git' does not appear to be a git repository\n")


@pytest.mark.parametrize("upstream", [True, False])
def test_commits_that_the_remote_lacks_forbid_a_push_and_only_that(
    remote, catalog, release, upstream
):
    moved(catalog, pushed=False)
    if not upstream:
        catalog.git("branch", "--unset-upstream")

    refused = release(catalog, "--push")
    there = tags(catalog)
    made = release(catalog)

    (problem,) = refused.value["problems"]
    push = "git push" if upstream else "git push --set-upstream origin main"
    assert (refused.code, there) == (1, [])
    assert problem["message"] == "1 commit not on origin"
    assert problem["hint"] == f"push the branch first, so that it can be reviewed: {push}"
    expected = ["1 commit not on the upstream branch: git push"] if upstream else []
    assert (made.code, made.value["warnings"]) == (0, expected)


@pytest.mark.slow
def test_an_earlier_release_of_commits_that_the_remote_lacks_is_not_pushed(
    remote, catalog, release
):
    release(catalog, "--push")
    moved(catalog, pushed=False)
    release(catalog)
    catalog.write({"README.md": "none of our business"})
    catalog.commit("unrelated")

    said = release(catalog, "--push")

    assert (said.code, problems(said)) == (1, ["1 commit not on origin"])
    assert (said.value["earlier"], tags_of(remote)) == (["v0.1.1"], ["v0.1.0"])


@pytest.mark.slow
def test_a_remote_that_went_on_has_what_it_had(remote, catalog, release, tmp_path):
    """Its branch is then at a commit that nobody has here."""
    other = catalog.__class__(tmp_path / "other")
    catalog.git("clone", "--quiet", str(remote), str(other.root))
    other.commit("ahead")
    other.git("push", "--quiet")
    catalog.git("branch", "--unset-upstream")

    assert (release(catalog, "--push").code, tags_of(remote)) == (0, ["v0.1.0"])


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("arguments", [(), ("--pre", "rc")], ids=str)
def test_the_next_command_works_as_it_is_printed(remote, catalog, say, process, ahead, arguments):
    if ahead:
        moved(catalog, pushed=False)

    said = say(catalog, "release", "--yes", *arguments)

    made, _, then = said.out.splitlines()[-1].partition("; next: ")
    assert made == ("v0.1.0-rc.1 was created" if arguments else "v0.1.0 was created")
    assert then.startswith("git push && ") is ahead
    if ahead:
        catalog.git("push", "--quiet")
    words = then.removeprefix("git push && ").removeprefix("promptops ").split()
    assert process(catalog, *words).returncode == 0
    assert tags_of(remote) == [made.removesuffix(" was created")]


@pytest.mark.slow
def test_what_an_earlier_run_may_have_pushed_is_not_said_to_need_a_push(remote, catalog, say):
    pushed = say(catalog, "release", "--yes", "--push").out.splitlines()[-1]
    again = say(catalog, "release", "--yes").out.splitlines()[-1]

    assert pushed == "v0.1.0 was created, and origin has it"
    command = "promptops release --yes --push"
    assert again == f"v0.1.0 already exists; if it is not pushed yet: {command}"


def test_without_any_remote_nothing_is_next(catalog, say):
    assert say(catalog, "release", "--yes").out.splitlines()[-1] == "v0.1.0 was created"


@pytest.mark.slow
def test_a_branch_that_has_gone_apart_from_its_upstream_is_to_be_rebased(
    remote, catalog, release, tmp_path
):
    other = catalog.__class__(tmp_path / "other")
    catalog.git("clone", "--quiet", str(remote), str(other.root))
    other.commit("theirs")
    other.git("push", "--quiet")
    moved(catalog, pushed=False)
    catalog.git("fetch", "--quiet")

    (problem,) = release(catalog).value["problems"]

    assert problem["message"] == (
        "`main` and its upstream branch have diverged: 1 commit here, 1 commit there"
    )
    assert problem["hint"] == "git pull --rebase"


@pytest.mark.slow
def test_a_release_of_another_that_is_fetched_is_to_be_brought_in(
    remote, catalog, release, tmp_path
):
    other = catalog.__class__(tmp_path / "other")
    catalog.git("clone", "--quiet", str(remote), str(other.root))
    moved(other)
    release(other, "--push")
    catalog.git("fetch", "--quiet", "--tags")

    found = release(catalog).value["problems"]

    assert {
        "message": "CHG901: 'v0.1.0' exists already, and is not an ancestor of HEAD",
        "hint": "merge it first: git pull",
        "details": [],
    } in found


def test_a_repository_without_a_remote_shows_how_to_add_one(repo):
    repo.commit("one")

    with Repository.open(repo.root) as opened:
        found = [(each.message, each.hint) for each in remote_problems(opened, "")]

    assert found == [("there is no remote 'origin'", "add one: git remote add origin ADDRESS")]
