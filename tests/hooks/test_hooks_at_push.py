"""Real pushes to a bare repository that has hooks/update."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tiers import fast_spread

ROOT = Path(__file__).parents[2]
TRIAGE = "prompts/support/triage.prompt.yaml"


@pytest.fixture
def server(catalog, tmp_path):
    """A bare repository named `server` in the catalog, to which its first commit was pushed."""
    bare = tmp_path / "server.git"
    catalog.git("init", "--quiet", "--bare", "--initial-branch=main", "--template=", str(bare))
    catalog.git("remote", "add", "server", str(bare))
    catalog.git("push", "--quiet", "server", "main")
    (bare / "hooks").mkdir()
    shutil.copy(ROOT / "hooks" / "update", bare / "hooks" / "update")
    return catalog


@pytest.fixture
def push(run):
    """Push: its exit code, and what the server said."""

    def start(repository, *arguments):
        code, said = run(repository, "git", "push", "server", *arguments)
        lines = (line for line in said.splitlines() if line.startswith("remote: "))
        return code, [line.removeprefix("remote: ").rstrip() for line in lines]

    return start


def edit(repository, old, new):
    text = (repository.root / TRIAGE).read_text("utf-8")
    assert old in text
    repository.write({TRIAGE: text.replace(old, new, 1)})


def on_server(repository, ref):
    return repository.git("ls-remote", "server", ref).partition("\t")[0]


def test_prompts_that_lint_are_taken(server, push):
    edit(server, "You sort", "You order")
    commit = server.commit("two")

    assert push(server, "main") == (0, [])
    assert on_server(server, "refs/heads/main") == commit


def test_prompts_that_do_not_lint_are_refused_at_the_character(server, push):
    before = server.git("rev-parse", "HEAD")
    edit(server, "{{ ticket }}", "{{ tikcet }}")
    commit = server.commit("two")

    code, said = push(server, "main")

    assert (code, said) == (
        1,
        [
            f"{TRIAGE}:19:10: error: `tikcet` is not an input  [VAR001 undefined-variable]",
            f"error: the prompts of {commit[:12]} have lint errors",
            "  tip: promptops lint",
            "error: hook declined to update refs/heads/main",
        ],
    )
    assert on_server(server, "refs/heads/main") == before


@pytest.mark.slow
def test_what_a_later_commit_mends_is_taken(server, push):
    edit(server, "{{ ticket }}", "{{ tikcet }}")
    server.commit("two")
    edit(server, "{{ tikcet }}", "{{ ticket }}")
    server.commit("three")

    assert push(server, "main") == (0, [])


@pytest.mark.slow
def test_one_wrong_branch_does_not_hold_back_the_other(server, push):
    server.git("branch", "good")
    edit(server, "{{ ticket }}", "{{ tikcet }}")
    server.commit("two")

    code, _ = push(server, "main:wrong", "good")

    assert (code, on_server(server, "refs/heads/wrong")) == (1, "")
    assert on_server(server, "refs/heads/good") == server.git("rev-parse", "good")


@pytest.mark.slow
def test_a_tag_brings_no_prompts_that_do_not_lint(server, push):
    edit(server, "{{ ticket }}", "{{ tikcet }}")
    server.commit("two")
    server.git("tag", "try")

    assert push(server, "try")[0] == 1
    assert on_server(server, "refs/tags/try") == ""


@pytest.mark.slow
def test_a_broken_configuration_is_refused(server, push):
    server.write({"promptops.toml": "prompt = []\n"})
    commit = server.commit("two")

    code, said = push(server, "main")

    assert (code, said[0]) == (
        1,
        f"error: the prompts of {commit[:12]} can't be checked: promptops.toml:1:1: unknown"
        " key `prompt`",
    )


@pytest.mark.slow
def test_a_branch_can_be_made_at_a_known_commit_and_deleted(server, push):
    assert push(server, "main:refs/heads/other") == (0, [])
    assert push(server, "--delete", "other") == (0, [])


@pytest.mark.slow
def test_a_release_is_taken_once(server, push):
    server.git("tag", "--annotate", "-m", "one", "v1.0.0")

    assert push(server, "v1.0.0") == (0, [])
    assert on_server(server, "refs/tags/v1.0.0") == server.git("rev-parse", "v1.0.0")


def test_a_release_is_not_moved(server, push):
    server.git("tag", "--annotate", "-m", "one", "v1.0.0")
    server.git("push", "--quiet", "server", "v1.0.0")
    edit(server, "You sort", "You order")
    server.commit("two")
    server.git("tag", "--force", "--annotate", "-m", "one", "v1.0.0")

    code, said = push(server, "--force", "v1.0.0")

    assert (code, said) == (
        1,
        [
            "error: the release tag 'v1.0.0' can't be moved",
            "  tip: tag a version above it",
            "error: hook declined to update refs/tags/v1.0.0",
        ],
    )


def test_a_release_is_not_deleted(server, push):
    server.git("tag", "--annotate", "-m", "one", "v1.0.0")
    server.git("push", "--quiet", "server", "v1.0.0")

    code, said = push(server, "--delete", "v1.0.0")

    assert (code, said[0]) == (1, "error: the release tag 'v1.0.0' can't be deleted")
    assert on_server(server, "refs/tags/v1.0.0") != ""


def test_a_release_is_not_moved_by_a_push_that_renames_releases(server, push):
    server.git("tag", "--annotate", "-m", "one", "v1.0.0")
    server.git("push", "--quiet", "server", "v1.0.0")
    text = (server.root / "promptops.toml").read_text("utf-8")
    server.write({"promptops.toml": f'{text}[release]\ntag_format = "rel-{{version}}"\n'})
    server.commit("two")
    server.git("tag", "--force", "--annotate", "-m", "one", "v1.0.0")

    assert push(server, "--force", "main", "v1.0.0")[0] == 1
    assert on_server(server, "refs/tags/v1.0.0^{}") == server.git("rev-parse", "HEAD~")


@pytest.mark.slow
def test_releases_are_called_as_the_configuration_says(server, push):
    text = (server.root / "promptops.toml").read_text("utf-8")
    server.write({"promptops.toml": f'{text}[release]\ntag_format = "rel-{{version}}"\n'})
    server.commit("two")
    server.git("push", "--quiet", "server", "main")
    server.git("tag", "--annotate", "-m", "one", "rel-1.0.0")
    server.git("tag", "--annotate", "-m", "one", "v1.0.0")
    server.git("push", "--quiet", "server", "rel-1.0.0", "v1.0.0")

    assert push(server, "--delete", "rel-1.0.0")[0] == 1
    assert push(server, "--delete", "v1.0.0") == (0, [])


@pytest.mark.slow
def test_a_release_of_one_prompt_is_not_deleted(server, push):
    server.git("tag", "--annotate", "-m", "one", "support/triage@v1.4.0")
    server.git("push", "--quiet", "server", "support/triage@v1.4.0")

    assert push(server, "--delete", "support/triage@v1.4.0")[0] == 1


def test_a_release_tag_is_annotated(server, push):
    server.git("tag", "v1.0.0")

    code, said = push(server, "v1.0.0")

    assert (code, said[0]) == (1, "error: the release tag 'v1.0.0' is not annotated")


@pytest.mark.slow
def test_a_release_is_not_pushed_under_the_name_of_another(server, push):
    server.git("tag", "--annotate", "-m", "one", "v1.0.0")

    code, said = push(server, "v1.0.0:refs/tags/v1.0.1")

    assert (code, said[0]) == (1, "error: the tag object pushed as 'v1.0.1' is named 'v1.0.0'")


@pytest.mark.slow
def test_other_tags_may_move_and_go(server, push):
    server.git("tag", "nightly")
    server.git("push", "--quiet", "server", "nightly")
    edit(server, "You sort", "You order")
    server.commit("two")
    server.git("tag", "--force", "nightly")

    assert push(server, "--force", "nightly") == (0, [])
    assert push(server, "--delete", "nightly") == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", fast_spread(["a;touch${IFS}pwned", "$(touch${IFS}pwned)", "`id`", "--help", "-x"], 2)
)
def test_a_ref_can_be_called_anything(name, server, push, tmp_path):
    good = push(server, f"main:refs/heads/b/{name}", f"main:refs/tags/{name}")
    edit(server, "{{ ticket }}", "{{ tikcet }}")
    server.commit("two")
    wrong = push(server, f"main:refs/tags/x{name}")

    assert (good, wrong[0]) == ((0, []), 1)
    assert list(tmp_path.rglob("pwned")) == []


@pytest.mark.slow
def test_a_push_of_what_is_no_commit_is_none_of_its_business(server, push):
    blob = server.git("hash-object", "-w", "README.md")

    assert push(server, f"{blob}:refs/tags/readme") == (0, [])


def test_without_promptops_the_server_refuses_and_says_why(server, tmp_path):
    hook = tmp_path / "server.git" / "hooks" / "update"

    done = subprocess.run(
        [str(hook), "refs/heads/main", "0" * 40, "0" * 40],
        env={**os.environ, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )

    assert (done.returncode, done.stderr) == (
        1,
        "error: promptops is not on the server's PATH, so this push can't be checked\n",
    )


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("refs/heads/main", "x", "0" * 40), ("a", "b", "--help")])
def test_what_git_never_says_is_wrong_usage(arguments, server, run, tmp_path):
    code, said = run(tmp_path / "server.git", "promptops", "receive", "--", *arguments)

    assert (code, said.splitlines()[0]) == (
        2,
        "error: not the arguments that git passes to an `update` hook",
    )
