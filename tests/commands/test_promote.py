"""A channel gets another release: checked, edited, committed alone; and goes back."""

from __future__ import annotations

import json
import math
import os
import shlex
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema_rs
import pytest

from promptops.bundles.build import build
from promptops.channels import UNDONE, changing_channels, channel_history, live_at
from promptops.cli.main import run
from promptops.commands.promote.promote import PromoteOptions, Saving, promote, rollback
from promptops.errors import GitError, InputError, NotFound, UsageError
from promptops.loading import GitReleases
from promptops.model.release import ReleaseRecord
from promptops.release.channels import read_channels
from promptops.release.tags import write_record
from promptops.repo.repository import Repository
from promptops.runtime.bundle.format import FORMAT
from tests.output_schemas import validate
from tests.tiers import fast_first

SCHEMAS = Path(__file__).parents[2] / "schemas"
COMMIT = Saving(committed=True)
EDIT = Saving()


def prompt(*required: str, text: str = "one") -> str:
    return f"""\
format: promptops/1
description: Answer one question.
model: {{provider: openai, id: gpt-5.4-mini-2026-03-17}}
inputs:
  required: [{", ".join(("question", *required))}]
  properties:
    question: {{type: string, maxLength: 100}}
    tone: {{type: string, maxLength: 20}}
messages:
  - {{role: user, content: "{text}: {{{{ question }}}}"}}
"""


@pytest.fixture
def released(repo):
    """v1.0.0 and v1.1.0 fit each other; v2.0.0 wants an input more."""
    texts = {
        "v1.0.0": prompt(text="one"),
        "v1.1.0": prompt(text="two"),
        "v2.0.0": prompt("tone", text="three"),
    }
    for tag, text in texts.items():
        repo.write({"prompts/ask.prompt.yaml": text})
        repo.commit(f"for {tag}")
        repo.git("tag", "-a", tag, "-m", tag)
    return repo


def promoted(repo, release, *, channel="production", saving=COMMIT, **wanted):
    return promote(repo.root, PromoteOptions(release=release, channel=channel, **wanted), saving)


def digest(repo, tag: str) -> str:
    return build(repo.root, tag).contents.digest


def said(repo) -> dict[str, tuple[str, int]]:
    found = read_channels((repo.root / "channels.yaml").read_bytes())
    return {name: (pointer.release, pointer.serial) for name, pointer in found.items()}


# Promoting.


def test_a_channel_is_made_and_then_moved_on(released):
    made = promoted(released, "v1.0.0", saving=EDIT)
    released.git("add", "channels.yaml")
    released.git("commit", "-qm", "made")
    moved = promoted(released, "1.1.0", saving=EDIT)

    found = read_channels((released.root / "channels.yaml").read_bytes())["production"]
    assert (made.before, made.release, made.serial) == (None, "v1.0.0", 1)
    assert (moved.before, moved.release, moved.serial) == ("v1.0.0", "v1.1.0", 2)
    assert (found.release, found.serial, found.digest) == ("v1.1.0", 2, digest(released, "v1.1.0"))
    assert moved.next == ("git commit -m 'Promote v1.1.0 to production' -- channels.yaml",)


def test_the_same_again_is_done_already(released):
    promoted(released, "v1.0.0")
    before = released.git("rev-parse", "HEAD")

    again = promoted(released, "v1.0.0")

    assert (again.changed, again.refusals, again.serial) == (False, (), 1)
    assert released.git("rev-parse", "HEAD") == before


def test_a_break_is_refused_unless_it_is_allowed(released):
    promoted(released, "v1.1.0")
    before = (released.root / "channels.yaml").read_bytes()

    refused = promoted(released, "v2.0.0")
    unchanged = (released.root / "channels.yaml").read_bytes()
    allowed = promoted(released, "v2.0.0", allow_breaking=True)

    assert refused.refusals == ("`v2.0.0` breaks callers of `v1.1.0` by 1 change",)
    assert [(each.prompt, each.change.code) for each in refused.breaks] == [("ask", "CHG102")]
    assert (unchanged, refused.changed) == (before, False)
    assert (allowed.changed, allowed.breaks) == (True, refused.breaks)
    assert said(released) == {"production": ("v2.0.0", 2)}


def test_a_prompt_that_is_gone_is_a_break(released):
    promoted(released, "v1.1.0")
    released.write({"prompts/other.prompt.yaml": prompt()})
    (released.root / "prompts/ask.prompt.yaml").unlink()
    released.commit("gone")
    released.git("tag", "-a", "v3.0.0", "-m", "v3.0.0")

    assert promoted(released, "v3.0.0").refusals != ()


def test_what_nobody_committed_is_not_what_callers_have(released):
    promoted(released, "v1.1.0")
    promoted(released, "v2.0.0", saving=EDIT, allow_breaking=True)
    released.write({"prompts/ask.prompt.yaml": prompt("tone", text="four")})
    released.git("commit", "-qm", "four", "--", "prompts")
    released.git("tag", "-a", "v2.1.0", "-m", "v2.1.0")

    # Beside v2.0.0, which stands on disk, it would break nothing.
    refused = promoted(released, "v2.1.0", saving=EDIT)

    assert refused.refusals == ("`v2.1.0` breaks callers of `v1.1.0` by 1 change",)


@pytest.mark.parametrize("release", ["v9.9.9", "main", "", "-x", "v1.0.0^{}", "light"])
def test_what_is_no_release_is_not_found(released, release):
    released.git("tag", "light")

    with pytest.raises(NotFound, match="there is no release"):
        promoted(released, release)


@pytest.mark.parametrize("channel", ["latest", "v1", "cafe", "a b", "", "-x", "x@y", "a/b"])
def test_a_channel_has_a_name_that_can_be_told_from_all_else(released, channel):
    with pytest.raises(UsageError, match="can't be the name of a channel"):
        promoted(released, "v1.0.0", channel=channel)

    assert not (released.root / "channels.yaml").exists()


def test_a_tag_that_tells_another_bundle_than_it_makes_is_refused(released):
    true = ReleaseRecord(
        tag="v1.2.0", content_sha256="0" * 64, bundle_sha256="1" * 64, bundle_format=FORMAT
    )
    released.git("tag", "-a", "v1.2.0", "-m", write_record(true))

    refused = promoted(released, "v1.2.0")

    told = "the prompts of its commit are", "the bundle built from it is"
    assert [text.partition(" sha256:")[0] for text in refused.refusals] == [
        f"`v1.2.0`: {each}" for each in told
    ]
    assert not (released.root / "channels.yaml").exists()


def test_where_signers_are_trusted_an_unsigned_release_is_refused(released, monkeypatch, tmp_path):
    (tmp_path / "signers").write_text("ada@example.com ssh-ed25519 AAAA\n")
    monkeypatch.setenv("PROMPTOPS_TRUST", str(tmp_path / "signers"))

    refused = promoted(released, "v1.0.0")

    assert refused.refusals == ("`v1.0.0`: the tag is not signed",)


@pytest.mark.parametrize("written", ["prodution", "prod"])
def test_a_misspelt_channel_is_refused_with_the_nearest_name_unless_it_is_created(
    released, capfd, written
):
    promoted(released, "v1.0.0")
    before = (released.root / "channels.yaml").read_bytes()
    command = ["promote", "v1.1.0", written, "-C", str(released.root)]

    code = run(command)

    assert (code, capfd.readouterr().err) == (
        2,
        f"error: there is no channel {written!r}\n"
        "  tip: did you mean `production`? To create it:"
        f" promptops promote v1.1.0 {written} --create\n",
    )
    assert (released.root / "channels.yaml").read_bytes() == before
    assert run([*command, "--create"]) == 0
    assert said(released) == {"production": ("v1.0.0", 1), written: ("v1.1.0", 1)}


def test_a_release_whose_tag_was_moved_since_is_refused(released):
    promoted(released, "v1.0.0")
    released.git("tag", "-f", "-a", "v1.0.0", "-m", "v1.0.0", "v1.1.0^{}")

    refused = promoted(released, "v1.0.0")

    assert refused.refusals == ("`production` served another bundle of `v1.0.0`",)


def test_a_release_that_is_served_and_gone_must_be_fetched_or_given_up(released):
    promoted(released, "v1.0.0")
    released.git("tag", "-d", "v1.0.0")

    with pytest.raises(GitError, match="which this repository does not have"):
        promoted(released, "v1.1.0")

    assert promoted(released, "v1.1.0", allow_breaking=True).changed


def test_a_serial_is_above_all_that_readers_saw_also_after_a_revert(released):
    promoted(released, "v1.0.0")
    promoted(released, "v1.1.0")
    released.git("revert", "--no-edit", "HEAD")

    promoted(released, "v1.1.0")

    assert said(released) == {"production": ("v1.1.0", 3)}


# Committing.


def test_only_the_file_is_committed_whatever_else_is_staged(released):
    promoted(released, "v1.0.0")
    released.write({"new.txt": "staged", "prompts/ask.prompt.yaml": "staged, and then"})
    released.git("add", ".")
    released.write({"prompts/ask.prompt.yaml": "changed again"})
    before = released.git("diff", "--cached", "--raw")

    move = promoted(released, "v1.1.0")

    assert released.git("rev-parse", "HEAD") == move.commit
    assert released.git("show", "--format=", "--name-only") == "channels.yaml"
    assert released.git("diff", "--cached", "--raw") == before
    assert released.git("status", "--porcelain") == "A  new.txt\nMM prompts/ask.prompt.yaml"
    said = "production served v1.0.0, serial 1; now v1.1.0, serial 2."
    message = released.git("log", "-1", "--format=%B")
    assert message == f"Promote v1.1.0 to production\n\n{said}\n"


def test_a_new_file_is_committed_alone_too(released):
    released.write({"new.txt": "staged"})
    released.git("add", ".")

    promoted(released, "v1.0.0")

    assert released.git("show", "--format=", "--name-only") == "channels.yaml"
    assert released.git("status", "--porcelain") == "A  new.txt"


@pytest.mark.parametrize("how", ["staged", "unstaged", "untracked"])
def test_a_file_with_uncommitted_changes_is_not_committed(released, how):
    if how != "untracked":
        promoted(released, "v1.0.0")
    with (released.root / "channels.yaml").open("a") as file:
        file.write("# mine\n")
    if how == "staged":
        released.git("add", ".")
    before = released.git("status", "--porcelain"), (released.root / "channels.yaml").read_bytes()

    with pytest.raises(GitError, match="it has uncommitted changes"):
        promoted(released, "v1.1.0")

    after = released.git("status", "--porcelain"), (released.root / "channels.yaml").read_bytes()
    assert after == before


@pytest.mark.parametrize("first", [True, False])
def test_where_a_hook_refuses_the_commit_nothing_is_left_of_it(released, first):
    if not first:
        promoted(released, "v1.0.0")
    hook = released.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not on a Friday >&2\nexit 1\n")
    hook.chmod(0o755)
    head = released.git("rev-parse", "HEAD")

    with pytest.raises(GitError, match="git rejected the commit: not on a Friday"):
        promoted(released, "v1.1.0")

    assert released.git("status", "--porcelain") == ""
    assert released.git("rev-parse", "HEAD") == head


def test_what_somebody_else_wrote_while_the_commit_ran_stays(released):
    promoted(released, "v1.0.0")
    hook = released.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho '# mine' >> channels.yaml\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(GitError, match="git rejected the commit"):
        promoted(released, "v1.1.0")

    assert (released.root / "channels.yaml").read_text().endswith("serial: 2\n# mine\n")
    assert released.git("diff", "--cached", "--name-only") == ""


# Two processes at once, and processes that are killed.


def started(repo, *arguments: str) -> subprocess.Popen[str]:
    program = "import sys; from promptops.cli.main import run; sys.exit(run(sys.argv[1:]))"
    command = (sys.executable, "-c", program, *arguments, "-C", str(repo.root))
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize("tries", fast_first([range(2), range(2, 12)], 1), ids=str)
def test_two_promotions_at_once_are_both_committed(released, tmp_path, tries):
    for number in tries:
        repo = released.copied_to(tmp_path / str(number))
        promoted(repo, "v1.0.0")
        promoted(repo, "v1.0.0", channel="staging", create=True)

        both = [
            started(repo, "promote", "v1.1.0", "production", "--commit"),
            started(repo, "promote", "v1.1.0", "staging", "--commit"),
        ]
        output = [process.communicate()[0] for process in both]

        assert [process.returncode for process in both] == [0, 0], output
        assert said(repo) == {"production": ("v1.1.0", 2), "staging": ("v1.1.0", 2)}
        assert repo.git("status", "--porcelain") == ""
        assert repo.git("rev-list", "--count", "HEAD") == "7"


def test_while_another_process_changes_the_file_a_promotion_names_it(released, monkeypatch):
    monkeypatch.setattr("promptops.channels.PATIENCE_S", 0.0)
    holder = rf"process {os.getpid()} is changing channels.yaml"
    with (
        Repository.open(released.root) as repository,
        changing_channels(repository),
        pytest.raises(InputError, match=holder),
    ):
        promoted(released, "v1.0.0")

    assert promoted(released, "v1.0.0").changed


STEPS = ("os.rename", "os.remove", "subprocess.Popen")


def killed(repo, step: int, release: str = "v1.1.0") -> int:
    """Promote and commit in a child that ends before a step; with 0, the number of steps."""
    child = os.fork()
    if child == 0:
        count = 0

        def hook(event: str, _arguments: object) -> None:
            nonlocal count
            count += event in STEPS
            if event in STEPS and count == step:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            promoted(repo, release)
        finally:
            os._exit(count)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("first", [True, False], ids=["new file", "changed file"])
def test_a_promotion_that_was_killed_at_any_step_can_be_run_again(
    released, tmp_path, fatal_steps, first
):
    if not first:
        promoted(released, "v1.0.0")
    steps = killed(released.copied_to(tmp_path / "whole"), 0)
    done = {"production": ("v1.1.0", 1 if first else 2)}
    assert steps > 4

    for step in fatal_steps(range(1, steps + 1)):
        repo = released.copied_to(tmp_path / str(step))
        assert killed(repo, step) == -signal.SIGKILL
        again = promoted(repo, "v1.1.0")

        assert (step, again.refusals, said(repo)) == (step, (), done)
        assert (step, repo.git("status", "--porcelain", "--ignored")) == (step, "")
        assert len(list(channel_history_of(repo))) == (1 if first else 2)


def channel_history_of(repo):
    with Repository.open(repo.root) as repository:
        return list(channel_history(repository))


@pytest.mark.parametrize("first", [True, False], ids=["new file", "changed file"])
def test_the_edit_of_a_killed_promotion_is_in_no_other_commit(released, tmp_path, first):
    if not first:
        promoted(released, "v1.0.0", channel="production")
    # The edit is on disk, and git was not started yet.
    pending = killed_before_its_commit(released, tmp_path)

    moved = promoted(pending, "v1.0.0", channel="staging", create=True)

    production = {} if first else {"production": ("v1.0.0", 1)}
    assert moved.notes == (UNDONE,)
    assert said(pending) == {**production, "staging": ("v1.0.0", 1)}
    assert pending.git("status", "--porcelain") == ""


def killed_before_its_commit(released, tmp_path):
    steps = killed(released.copied_to(tmp_path / "all"), 0)
    for step in range(steps, 0, -1):
        repo = released.copied_to(tmp_path / f"killed {step}")
        killed(repo, step)
        if repo.git("status", "--porcelain"):
            return repo
    raise AssertionError("no step leaves an edit")


def test_an_edit_that_somebody_made_after_the_kill_stays(released, tmp_path):
    promoted(released, "v1.0.0")
    repo = killed_before_its_commit(released, tmp_path)
    with (repo.root / "channels.yaml").open("a") as file:
        file.write("# mine\n")

    with pytest.raises(GitError, match="it has uncommitted changes"):
        promoted(repo, "v1.1.0")

    assert (repo.root / "channels.yaml").read_text().endswith("# mine\n")


def test_temporary_files_of_killed_promotions_are_removed(released):
    released.write({".channels.yaml.123": "half", ".channels.yaml.new": "half"})
    released.write({".channels.yaml.mine": "kept"})

    promoted(released, "v1.0.0")

    left = sorted(path.name for path in released.root.iterdir() if "channels" in path.name)
    assert left == [".channels.yaml.mine", "channels.yaml"]


def test_who_may_read_the_file_stays(released):
    promoted(released, "v1.0.0")
    (released.root / "channels.yaml").chmod(0o640)

    promoted(released, "v1.1.0")

    assert stat.S_IMODE((released.root / "channels.yaml").stat().st_mode) == 0o640
    assert [path.name for path in released.root.iterdir() if "channels" in path.name] == [
        "channels.yaml"
    ]


def test_a_link_is_not_followed(released):
    (released.root / "channels.yaml").symlink_to("/etc/passwd")

    with pytest.raises(InputError, match="it is not a regular file but symlink"):
        promoted(released, "v1.0.0", saving=EDIT)


def test_an_ignored_file_is_not_overwritten(released):
    released.write({".gitignore": "channels.yaml\n", "channels.yaml": "secret"})

    with pytest.raises(InputError, match="it is ignored by git, or not a file"):
        promoted(released, "v1.0.0", saving=EDIT)

    assert (released.root / "channels.yaml").read_text() == "secret"


def test_where_there_is_a_remote_the_next_command_is_the_push_or_the_pull_request(
    released, tmp_path
):
    released.git("clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    released.git("remote", "add", "origin", str(tmp_path / "bare"))
    released.git("push", "-qu", "origin", "main")

    on_main = promoted(released, "v1.0.0")
    released.git("switch", "-qc", "promote")
    on_branch = promoted(released, "v1.1.0")
    released.git("switch", "-q", "--detach")
    on_none = promoted(released, "v2.0.0", allow_breaking=True)

    assert on_main.next == ("git push --atomic origin main refs/tags/v1.0.0",)
    assert on_branch.next == (
        "git push --atomic -u origin promote refs/tags/v1.1.0",
        "a pull request into main",
    )
    assert on_none.next == ("git switch -c BRANCH: no branch is checked out",)


@pytest.mark.parametrize(
    ("saving", "notes"),
    [("COMMIT", ("HEAD is detached: the commit is on no branch",)), ("EDIT", ())],
)
def test_a_commit_on_a_detached_head_is_said_to_be_on_no_branch(released, saving, notes):
    released.git("switch", "-q", "--detach")

    move = promoted(released, "v1.0.0", saving={"COMMIT": COMMIT, "EDIT": EDIT}[saving])

    assert move.notes == notes
    assert move.next[-1] == "git switch -c BRANCH: no branch is checked out"
    assert move.commit == (released.git("rev-parse", "HEAD") if notes else None)


def test_following_what_is_next_the_release_is_where_readers_are(released, tmp_path):
    released.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "bare"))
    released.git("remote", "add", "origin", str(tmp_path / "bare"))

    move = promoted(released, "v1.1.0")
    released.git(*shlex.split(move.next[0])[1:])
    again = promoted(released, "v1.0.0")

    bare = GitReleases(str(tmp_path / "bare"), offline=False)
    served = bare.channel("production", math.inf)
    assert served.release in bare.releases(math.inf)
    assert move.notes == ("`origin` seems to have no tag v1.1.0, which readers need too",)
    assert again.notes == ()


def test_after_a_revert_what_is_served_gets_a_serial_that_readers_take(released):
    for release in ("v1.0.0", "v1.1.0"):
        promoted(released, release)
    released.git("revert", "--no-edit", "HEAD")

    again = promoted(released, "v1.0.0")
    once_more = promoted(released, "v1.0.0")

    assert (again.changed, again.serial_before, again.serial) == (True, 1, 3)
    assert (once_more.changed, once_more.serial) == (False, 3)


# Going back.


def test_a_channel_goes_back_under_a_higher_serial_and_then_one_more(released):
    for release in ("v1.0.0", "v1.1.0", "v2.0.0"):
        promoted(released, release, allow_breaking=True)

    first = rollback(released.root, "production", None, COMMIT)
    second = rollback(released.root, "production", None, COMMIT)

    assert (first.before, first.release, first.serial) == ("v2.0.0", "v1.1.0", 4)
    assert (first.skipped, second.skipped) == ((), ("v2.0.0",))
    assert (second.before, second.release, second.serial) == ("v1.1.0", "v1.0.0", 5)
    assert released.git("log", "-1", "--format=%s") == "Roll production back to v1.0.0"
    with pytest.raises(NotFound, match="the history of `production` has no earlier release"):
        rollback(released.root, "production", None, COMMIT)


def test_what_was_promoted_again_is_gone_back_from_again(released):
    for release in ("v1.0.0", "v1.1.0", "v1.0.0", "v1.1.0"):
        promoted(released, release)

    back = rollback(released.root, "production", None, EDIT)

    assert (back.release, back.serial, back.skipped) == ("v1.0.0", 5, ())


def test_changes_of_other_channels_are_no_step_of_this_one(released):
    promoted(released, "v1.0.0")
    promoted(released, "v1.1.0")
    promoted(released, "v1.0.0", channel="staging", create=True)
    promoted(released, "v2.0.0", channel="staging", allow_breaking=True)

    back = rollback(released.root, "production", None, COMMIT)

    assert (back.release, back.serial) == ("v1.0.0", 3)
    assert said(released) == {"production": ("v1.0.0", 3), "staging": ("v2.0.0", 2)}


def test_a_release_can_be_named(released):
    for release in ("v1.0.0", "v1.1.0"):
        promoted(released, release)

    back = rollback(released.root, "production", "1.0.0", EDIT)
    again = rollback(released.root, "production", "v1.0.0", EDIT)

    assert (back.release, back.changed, again.changed) == ("v1.0.0", True, False)


def test_going_back_is_never_refused_for_what_it_breaks_but_says_so(released):
    promoted(released, "v2.0.0")
    promoted(released, "v1.1.0", allow_breaking=True)

    back = rollback(released.root, "production", None, EDIT)

    assert ([each.change.code for each in back.breaks], back.changed) == (["CHG102"], True)


def test_a_release_that_is_not_what_it_was_is_not_gone_back_to(released):
    promoted(released, "v1.0.0")
    promoted(released, "v1.1.0")
    released.git("tag", "-f", "-a", "v1.0.0", "-m", "v1.0.0", "v1.1.0^{}")

    refused = rollback(released.root, "production", None, EDIT)

    assert refused.refusals == ("`production` served another bundle of `v1.0.0`",)
    assert said(released) == {"production": ("v1.1.0", 2)}


def test_a_release_from_before_signing_is_gone_back_to_only_with_the_flag_and_on_record(
    released, monkeypatch, tmp_path, capfd
):
    promoted(released, "v1.0.0")
    promoted(released, "v1.1.0")
    (tmp_path / "signers").write_text("ada@example.com ssh-ed25519 AAAA\n")
    monkeypatch.setenv("PROMPTOPS_TRUST", str(tmp_path / "signers"))
    command = ["rollback", "production", "--commit", "-C", str(released.root)]

    refused = run(command)
    out = capfd.readouterr().out
    code = run([*command, "--allow-unsigned"])

    assert (refused, out.splitlines()[-2:]) == (
        1,
        [
            "refused: `v1.0.0`: the tag is not signed",
            "  tip: choose another release: --release TAG; or accept it as it is: --allow-unsigned",
        ],
    )
    assert code == 0
    assert "v1.0.0 is not signed: readers that pass `trust`" in capfd.readouterr().out
    assert said(released) == {"production": ("v1.0.0", 3)}
    assert released.git("log", "-1", "--format=%b") == (
        "production served v1.1.0, serial 2; now v1.0.0, serial 3.\n"
        "The release is not signed; --allow-unsigned was given.\n"
    )


def test_a_moved_release_is_refused_also_with_the_flag_for_unsigned_ones(
    released, monkeypatch, tmp_path
):
    promoted(released, "v1.0.0")
    promoted(released, "v1.1.0")
    released.git("tag", "-f", "-a", "v1.0.0", "-m", "v1.0.0", "v1.1.0^{}")
    (tmp_path / "signers").write_text("ada@example.com ssh-ed25519 AAAA\n")
    monkeypatch.setenv("PROMPTOPS_TRUST", str(tmp_path / "signers"))

    refused = rollback(released.root, "production", None, EDIT, allow_unsigned=True)

    assert refused.refusals == ("`production` served another bundle of `v1.0.0`",)


def test_where_the_release_before_can_not_be_had_another_one_is_to_be_named(released, capfd):
    for release in ("v1.0.0", "v1.1.0", "v2.0.0"):
        promoted(released, release, allow_breaking=True)
    released.git("tag", "-f", "-a", "v1.1.0", "-m", "v1.1.0", "v1.0.0^{}")

    code = run(["rollback", "production", "-C", str(released.root)])
    out = capfd.readouterr().out
    released.git("tag", "-d", "v1.1.0")
    with pytest.raises(NotFound) as raised:
        rollback(released.root, "production", None, EDIT)
    named = rollback(released.root, "production", "v1.0.0", EDIT)

    assert code == 1
    assert out.splitlines()[-2:] == [
        "refused: `production` served another bundle of `v1.1.0`",
        "  tip: choose another release: --release TAG",
    ]
    assert raised.value.message == "there is no release 'v1.1.0', which `production` served before"
    assert raised.value.hint == "`git fetch --tags`; or choose another release: --release TAG"
    assert (named.release, named.changed) == ("v1.0.0", True)


def test_what_nobody_committed_was_never_served(released):
    for release in ("v1.0.0", "v1.1.0"):
        promoted(released, release)
    promoted(released, "v2.0.0", saving=EDIT, allow_breaking=True)

    back = rollback(released.root, "production", None, EDIT)
    again = rollback(released.root, "production", None, EDIT)

    assert (back.before, back.release, back.serial) == ("v1.1.0", "v1.0.0", 4)
    assert (again.release, again.changed, again.serial) == ("v1.0.0", False, 4)


def test_there_must_be_a_channel_and_a_history(released):
    with pytest.raises(NotFound, match="there is no channel 'production'"):
        rollback(released.root, "production", None, EDIT)
    promoted(released, "v1.0.0", channel="staging")
    with pytest.raises(NotFound) as raised:
        rollback(released.root, "production", None, EDIT)
    assert raised.value.hint == "the channels: `staging`"
    with pytest.raises(NotFound) as raised:
        rollback(released.root, "stag", None, EDIT)
    assert raised.value.hint == "did you mean `staging`?"


# History.


def test_what_was_live_at_a_time_is_told_by_the_branch_that_readers_follow(released):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for release in ("v1.0.0", "v1.1.0"):
        promoted(released, release, saving=EDIT)
        released.commit(release)

    with Repository.open(released.root) as repository:
        steps = list(channel_history(repository))
        live = [
            live_at(repository, "production", start + timedelta(minutes=minute))
            for minute in (2, 3, 4, 60)
        ]

    assert [step.channels["production"].release for step in steps] == ["v1.1.0", "v1.0.0"]
    assert [found and (found[0].commit, found[1].release) for found in live] == [
        None,
        (steps[1].commit, "v1.0.0"),
        (steps[0].commit, "v1.1.0"),
        (steps[0].commit, "v1.1.0"),
    ]


def test_a_file_that_could_not_be_read_left_readers_where_they_were(released):
    promoted(released, "v1.0.0")
    good = (released.root / "channels.yaml").read_bytes()
    for data in (b"{", good + b"# more\n"):
        released.write({"channels.yaml": data})
        released.commit("by hand")

    with Repository.open(released.root) as repository:
        assert len(list(channel_history(repository))) == 2


def test_of_what_was_merged_only_the_merge_counts(released):
    promoted(released, "v1.0.0")
    released.git("switch", "-qc", "side")
    promoted(released, "v1.1.0")
    promoted(released, "v2.0.0", allow_breaking=True)
    released.git("switch", "-q", "main")
    released.git("merge", "-q", "--no-ff", "-m", "merged", "side")

    back = rollback(released.root, "production", None, COMMIT)

    assert (back.before, back.release, back.serial) == ("v2.0.0", "v1.0.0", 4)


# The commands.


def test_the_outputs_for_programs_fit_their_schemas(released, capfd):
    directory = str(released.root)
    calls = [
        (("promote", "v1.1.0", "production", "--commit"), 0),
        (("promote", "v1.1.0", "production"), 0),
        (("promote", "v2.0.0", "production"), 1),
        (("promote", "v2.0.0", "production", "--commit", "--allow-breaking"), 0),
        (("rollback", "production"), 0),
    ]
    values = []
    for arguments, code in calls:
        assert run([*arguments, "--format", "json", "-C", directory]) == code
        values.append(json.loads(capfd.readouterr().out))
        validate("promote", values[-1])
    (broken,) = values[2].pop("breaks")
    assert (broken["prompt"], broken["change"]["code"]) == ("ask", "CHG102")
    assert values[2] == {
        "schema": 1,
        "kind": "promote",
        "channel": "production",
        "before": "v1.1.0",
        "serial_before": 1,
        "release": "v2.0.0",
        "bundle_sha256": values[3]["bundle_sha256"],
        "serial": 1,
        "changed": False,
        "commit": None,
        "refusals": ["`v2.0.0` breaks callers of `v1.1.0` by 1 change"],
        "unsigned": False,
        "skipped": [],
        "notes": [],
        "next": [],
    }


def test_people_read_what_was_done_and_what_is_next(released, capfd):
    directory = str(released.root)
    for arguments in (
        ("promote", "v1.1.0", "production", "--commit"),
        ("promote", "v1.1.0", "production"),
        ("promote", "v2.0.0", "production"),
        ("rollback", "production", "--release", "v1.0.0"),
    ):
        run([*arguments, "-C", directory])

    commit = released.git("rev-parse", "--short=12", "HEAD")
    assert (
        capfd.readouterr().out
        == f"""\
production: nothing -> v1.1.0, serial 1
committed {commit}
production already serves v1.1.0, serial 1
ask: breaks: `tone` was optional and is now required  [CHG102]
refused: `v2.0.0` breaks callers of `v1.1.0` by 1 change
  tip: if all callers are ready for it: --allow-breaking
production: v1.1.0 -> v1.0.0, serial 2
next: git commit -m 'Roll production back to v1.0.0' -- channels.yaml
"""
    )


def test_the_file_that_is_made_fits_the_schema_of_its_kind(released):
    import yaml

    promoted(released, "v1.0.0")
    described = json.loads((SCHEMAS / "channels.schema.json").read_text())

    value = yaml.safe_load((released.root / "channels.yaml").read_bytes())

    assert list(jsonschema_rs.validator_for(described).iter_errors(value)) == []
    wrong = {"production": {"release": "v1", "serial": 0}}
    assert not jsonschema_rs.validator_for(described).is_valid(wrong)


def test_a_promotion_after_an_uncommitted_rollback_starts_from_the_rollback(released):
    for release in ("v1.0.0", "v1.1.0"):
        promoted(released, release)
    rollback(released.root, "production", None, EDIT)

    again = promoted(released, "v1.1.0", saving=EDIT)

    assert (again.before, again.serial_before) == ("v1.0.0", 3)
    assert (again.release, again.serial, again.changed) == ("v1.1.0", 4, True)
