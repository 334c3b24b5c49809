"""A release that is pushed: refused, raced, killed at each step; never half done."""

from __future__ import annotations

import os
import shutil

import pytest

from promptops.commands.release.release import ReleaseOptions, prepare, publish
from promptops.errors import GitError
from tests.commands.release.conftest import PER_PROMPT, STYLE, message, problems, tags, tags_of

SHIM = """\
#!/bin/sh
# Stands in for git: counts what it is asked, and kills who asks at one step.
step=$(($(cat "$STEPS") + 1))
echo $step > "$STEPS"
echo "$3" >> "$STEPS.asked"
if [ "$KILL_AT" = "$step before" ]; then kill -9 $PPID; exit 1; fi
if [ "$KILL_AT" = "$step behind" ]; then "$GIT" "$@"; kill -9 $PPID; exit 1; fi
exec "$GIT" "$@"
"""


@pytest.fixture
def shim(tmp_path):
    """The environment in which git is stood in for; the file that counts."""
    folder = tmp_path / "bin"
    folder.mkdir()
    file = folder / "git"
    file.write_text(SHIM)
    file.chmod(0o755)
    steps = tmp_path / "steps"

    def environment(kill_at=""):
        steps.write_text("0\n")
        (tmp_path / "steps.asked").unlink(missing_ok=True)
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        git = shutil.which("git")
        return {"PATH": path, "GIT": git, "STEPS": str(steps), "KILL_AT": kill_at}

    return environment


def asked(tmp_path):
    """The command of git at each step."""
    return (tmp_path / "steps.asked").read_text().split()


def test_a_pushed_release_is_on_the_remote(remote, catalog, release):
    said = release(catalog, "--push")

    assert (said.code, said.value["pushed"], said.value["state"]) == (0, "origin", "created")
    assert (tags(catalog), tags_of(remote)) == (["v0.1.0"], ["v0.1.0"])


@pytest.mark.slow
def test_only_the_release_is_pushed(remote, catalog, release):
    catalog.git("tag", "--annotate", "-m", "mine", "draft")
    catalog.git("config", "push.followTags", "true")
    catalog.git("branch", "topic")

    release(catalog, "--push", "origin")

    refs = [line.split()[1] for line in catalog.git("ls-remote", "origin").splitlines()]
    assert refs == ["HEAD", "refs/heads/main", "refs/tags/v0.1.0", "refs/tags/v0.1.0^{}"]


@pytest.mark.slow
def test_a_release_that_is_made_can_be_pushed_later_and_again(remote, catalog, release):
    release(catalog)
    made = catalog.git("rev-parse", "v0.1.0")

    said = [release(catalog, "--push") for _ in range(2)]

    assert [(each.code, each.value["state"], each.value["pushed"]) for each in said] == [
        (0, "done", "origin")
    ] * 2
    assert catalog.git("ls-remote", "origin", "refs/tags/v0.1.0").split()[0] == made


@pytest.mark.parametrize("name", ["pre-receive", "update"])
def test_what_the_remote_refuses_is_taken_back_and_told(remote, catalog, release, hook, name):
    hook(name, "echo 'releases are made by CI' >&2; exit 1")

    said = release(catalog, "--push")

    (problem,) = said.value["problems"]
    assert (said.code, said.value["state"]) == (1, "planned")
    assert (tags(catalog), tags_of(remote)) == ([], [])
    assert problem["message"] == "origin rejected 'v0.1.0'"
    assert "releases are made by CI" in problem["details"]


@pytest.mark.slow
def test_a_tag_that_an_earlier_run_made_is_not_taken_back(remote, catalog, release, hook):
    release(catalog)
    hook("pre-receive", "exit 1")

    said = release(catalog, "--push")

    assert (said.code, said.value["state"], tags(catalog)) == (1, "done", ["v0.1.0"])


@pytest.mark.slow
def test_a_protected_branch_does_not_stand_in_its_way(remote, catalog, release, hook):
    hook("update", 'case "$1" in refs/heads/*) exit 1;; esac')

    assert (release(catalog, "--push").code, tags_of(remote)) == (0, ["v0.1.0"])


@pytest.mark.slow
def test_a_release_that_another_made_meanwhile_is_refused(remote, catalog, release, tmp_path):
    other = catalog.__class__(tmp_path / "other")
    catalog.git("clone", "--quiet", str(remote), str(other.root))
    other.write({STYLE: "Be short.\n"})
    other.commit("ahead")
    other.git("push", "--quiet")
    release(other, "--push")
    theirs = other.git("rev-parse", "v0.1.0")

    said = release(catalog, "--push")

    (problem,) = said.value["problems"]
    assert (said.code, problem["message"], tags(catalog)) == (1, "origin rejected 'v0.1.0'", [])
    assert problem["details"] == ["v0.1.0 exists already, and is another one"]
    assert problem["hint"] == (
        "another release was pushed first: merge it (git fetch --tags origin && git pull),"
        " then run it again"
    )
    assert catalog.git("ls-remote", "origin", "refs/tags/v0.1.0").split()[0] == theirs


@pytest.mark.slow
def test_where_the_remote_can_not_be_reached_the_release_stays_and_is_pushed_later(
    remote, catalog, say, release
):
    remote.rename(remote.with_name("away.git"))

    said = say(catalog, "release", "--yes", "--push")

    assert (said.code, tags(catalog)) == (4, ["v0.1.0"])
    assert "error: 'v0.1.0' was created here, but could not be pushed: " in said.err
    remote.with_name("away.git").rename(remote)
    assert (release(catalog, "--push").code, tags_of(remote)) == (0, ["v0.1.0"])


@pytest.mark.slow
def test_an_address_may_be_named(remote, catalog, release):
    said = release(catalog, "--push", str(remote))

    assert (said.code, said.value["pushed"], tags_of(remote)) == (0, str(remote), ["v0.1.0"])


@pytest.mark.slow
def test_the_tags_of_prompts_are_pushed_all_or_none(remote, catalog, release, hook):
    catalog.write({"promptops.toml": PER_PROMPT})
    catalog.commit("two")
    catalog.git("push", "--quiet")
    hook("update", 'case "$1" in */support/*) echo "not that one" >&2; exit 1;; esac')
    refused = release(catalog, "--push")
    there = (tags(catalog), tags_of(remote))
    hook("update", "exit 0")

    taken = release(catalog, "--push")

    assert (refused.code, there) == (1, ([], []))
    assert "refs/tags/v0.1.0: [remote rejected] (atomic push failure)" in "\n".join(
        refused.value["problems"][0]["details"]
    )
    every = ["ask@v0.1.0", "support/triage@v0.1.0", "v0.1.0"]
    assert (taken.code, tags(catalog), tags_of(remote)) == (0, every, every)


def test_a_tag_that_can_not_be_made_leaves_none_of_the_others(catalog, say):
    catalog.write({"promptops.toml": PER_PROMPT})
    catalog.commit("two")
    hooks = catalog.root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    hook = hooks / "reference-transaction"
    hook.write_text('#!/bin/sh\ntest "$1" != prepared || ! grep -q "^0* .*support"\n')
    hook.chmod(0o755)

    said = say(catalog, "release", "--yes")

    assert (said.code, tags(catalog)) == (4, [])
    assert said.err.startswith("error: 'support/triage@v0.1.0' could not be created: ")


@pytest.mark.slow
def test_a_lock_that_somebody_left_is_told(catalog, say):
    lock = catalog.root / ".git" / "refs" / "tags" / "v0.1.0.lock"
    lock.write_text("")

    said = say(catalog, "release", "--yes")

    assert (said.code, tags(catalog)) == (4, [])
    assert said.err.startswith("error: 'v0.1.0' could not be created: ")


def test_killed_at_each_step_it_leaves_no_tag_or_the_whole_release_and_goes_on(
    remote, catalog, process, shim, tmp_path, fatal_steps
):
    catalog.write({"promptops.toml": PER_PROMPT})
    catalog.commit("two")
    catalog.git("push", "--quiet")
    arguments = ("release", "--yes", "--push", "--quiet")
    process(catalog, *arguments, **shim())
    commands, every = asked(tmp_path), tags(catalog)
    first = message(catalog, "v0.1.0")
    writing = [n for n, command in enumerate(commands, 1) if n >= commands.index("tag")]
    steps = [f"{n} {when}" for n in (1, *writing) for when in ("before", "behind")]

    left = {}
    for step in fatal_steps(steps):
        _undo(catalog, remote)
        killed = process(catalog, *arguments, **shim(step))
        there, pushed = tags(catalog), tags_of(remote)
        again = process(catalog, *arguments)

        left[step] = (killed.returncode, "v0.1.0" in there)
        assert there == [] or "v0.1.0" in there, step
        assert pushed in ([], every), step
        assert (again.returncode, again.stderr) == (0, ""), step
        assert (tags(catalog), tags_of(remote)) == (every, every), step
        assert message(catalog, "v0.1.0") == first, step

    assert every == ["ask@v0.1.0", "support/triage@v0.1.0", "v0.1.0"]
    assert {code for code, _ in left.values()} == {-9}
    assert {made for _, made in left.values()} == {False, True}


def _undo(catalog, remote):
    if made := tags(catalog):
        catalog.git("tag", "--delete", *made)
    if pushed := tags_of(remote):
        catalog.git("push", "--quiet", "--delete", "origin", *pushed)


def test_two_releases_at_once_make_one(catalog, process, shim, tmp_path):
    """Another process makes the tag between this one's look and its own tag."""
    slow = shim()
    folder = tmp_path / "bin"
    wait = 'if [ "$3" = tag ]; then "$GIT" tag --annotate -m theirs v0.1.0; fi\n'
    file = folder / "git"
    file.write_text(file.read_text().replace("exec ", f"{wait}exec "))

    said = process(catalog, "release", "--yes", **slow)

    assert (said.returncode, tags(catalog)) == (4, ["v0.1.0"])
    assert "'v0.1.0' could not be created: tag 'v0.1.0' already exists" in said.stderr
    assert message(catalog, "v0.1.0") == "theirs"


@pytest.mark.slow
def test_a_remote_that_never_answers_is_given_up(remote, catalog, say, hook, monkeypatch):
    hook("pre-receive", "sleep 600")
    monkeypatch.setattr("promptops.commands.release.tag_creation.PUSH_DEADLINE_S", 1.0)

    said = say(catalog, "release", "--yes", "--push")

    assert (said.code, tags(catalog), tags_of(remote)) == (4, ["v0.1.0"], [])
    assert "could not be pushed: `git push` was stopped after 1 s\n" in said.err


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["nowhere", "no where", ""])
def test_what_is_no_remote_is_told_before_anything_is_made(catalog, release, wrong):
    said = release(catalog, "--push", *filter(None, [wrong]))

    name = wrong or "origin"
    assert (said.code, problems(said), tags(catalog)) == (1, [f"there is no remote {name!r}"], [])


@pytest.mark.slow
def test_without_an_upstream_the_only_remote_is_the_usual_one(remote, catalog, release):
    catalog.git("branch", "--unset-upstream")
    catalog.git("remote", "rename", "origin", "mirror")

    assert (release(catalog, "--push").value["pushed"], tags_of(remote)) == ("mirror", ["v0.1.0"])


@pytest.mark.slow
def test_a_branch_that_follows_one_of_this_repository_is_pushed_elsewhere(remote, catalog, release):
    catalog.git("branch", "--quiet", "copy")
    catalog.git("branch", "--quiet", "--set-upstream-to", "copy")

    assert (release(catalog, "--push").value["pushed"], tags_of(remote)) == ("origin", ["v0.1.0"])


@pytest.mark.slow
def test_the_password_in_an_address_is_not_shown(catalog, say):
    address = "https://ada:secret@127.0.0.1:1/x.git"

    said = say(catalog, "release", "--yes", "--push", address)

    assert (said.code, "secret" in said.out + said.err, tags(catalog)) == (4, False, ["v0.1.0"])


@pytest.mark.slow
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
