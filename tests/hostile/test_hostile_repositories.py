"""Repositories in odd states, and files with odd names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tiers import fast_spread

GOOD = 'format: promptops/1\ndescription: d.\nowners: ["@a/b"]\n' + (
    "messages:\n  - role: user\n    content: hello\ntests:\n  - name: one\n"
    "    rendered: [{type: contains, value: hello}]\n"
)
BAD = GOOD.replace("hello\ntests", "hello {{ nobody }}\ntests")
PATH = "prompts/bad.prompt.yaml"
PLACE = f"{PATH}:6:23 VAR001"


def test_without_a_repository_every_command_says_so(
    tmp_path: Path, command: Callable[..., Any]
) -> None:
    for arguments in (("lint",), ("lint", "--staged"), ("check",), ("list",), ("render", "a")):
        ended = command(*arguments, directory=tmp_path)

        assert (ended.code, ended.out) == (4, "")


def test_in_a_repository_without_prompts_there_is_nothing_to_say(
    command: Callable[..., Any],
) -> None:
    assert [command(*c).code for c in (("lint",), ("lint", "--staged"), ("list",))] == [0, 0, 0]
    assert command("check").code == 0
    assert command("render", "a").code == 2


def test_before_the_first_commit_what_is_staged_is_checked(
    repo: Any, command: Callable[..., Any]
) -> None:
    repo.write({PATH: BAD})
    repo.git("add", ".")

    assert command("lint", "--staged", "--format", "json").errors() == [PLACE]
    assert command("lint", "--since", "HEAD").code == 4


def test_a_shallow_clone_is_checked_and_says_what_it_lacks(
    repo: Any, tmp_path: Path, command: Callable[..., Any]
) -> None:
    repo.write({PATH: GOOD})
    first = repo.commit("one")
    repo.write({PATH: BAD})
    repo.commit("two")
    repo.git("clone", "--quiet", "--depth=1", f"file://{repo.root}", str(tmp_path / "shallow"))

    found = command("lint", "--format", "json", directory=tmp_path / "shallow")
    since = command("lint", "--since", first, directory=tmp_path / "shallow")

    assert found.errors() == [PLACE]
    assert since.code == 4
    assert "git fetch" in since.err


def test_an_unresolved_conflict_is_told_and_hides_nothing(
    repo: Any, command: Callable[..., Any]
) -> None:
    repo.write({PATH: GOOD, "prompts/other.prompt.yaml": BAD})
    repo.commit("one")
    repo.git("checkout", "-q", "-b", "side")
    repo.write({PATH: GOOD.replace("hello\ntests", "left\ntests")})
    repo.commit("left")
    repo.git("checkout", "-q", "main")
    repo.write({PATH: GOOD.replace("hello\ntests", "right\ntests")})
    repo.commit("right")
    repo._run(("merge", "side"), os.environ)

    staged = command("lint", "--staged", "--format", "json")
    whole = command("lint", "--format", "json")

    assert staged.errors() == [f"{PATH}:1:1 SCH011"]
    assert whole.errors() == [f"{PATH}:1:1 SCH011", PLACE.replace("bad", "other")]


def test_a_submodule_is_neither_entered_nor_read(
    repo: Any, tmp_path: Path, command: Callable[..., Any]
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    repo._run(("init", "-q", str(inner)), os.environ)
    (inner / "a.prompt.yaml").write_text(BAD)
    for arguments in (("add", "."), ("commit", "-qm", "inner")):
        repo._run(("-C", str(inner), *arguments), os.environ)
    repo.write({"prompts/fine.prompt.yaml": GOOD})
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner),
             "prompts/sub")  # fmt: skip
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), PATH)

    found = command("lint", "--format", "json")

    assert found.errors() == [f"{PATH}:1:1 SCH001"]
    assert command("lint", "--staged", "--format", "json").errors() == [f"{PATH}:1:1 SCH001"]
    assert [p["id"] for p in json.loads(command("list", "--format", "json").out)["prompts"]] == [
        "bad",
        "fine",
    ]


def test_a_linked_work_tree_sees_its_own_index(
    repo: Any, tmp_path: Path, command: Callable[..., Any]
) -> None:
    repo.write({PATH: GOOD})
    repo.commit("one")
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    (tmp_path / "linked" / PATH).write_text(BAD)
    repo.git("-C", str(tmp_path / "linked"), "add", ".")

    linked = command("lint", "--staged", "--format", "json", directory=tmp_path / "linked")

    assert linked.errors() == [PLACE]
    assert command("lint", "--staged").code == 0


def test_git_dir_and_the_index_of_the_environment_are_heeded(
    repo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Any]
) -> None:
    repo.write({PATH: GOOD})
    repo.commit("one")
    repo.write({PATH: BAD})
    shutil.copy(repo.root / ".git/index", tmp_path / "index")
    monkeypatch.setenv("GIT_DIR", str(repo.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(repo.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    repo.git("add", ".")

    found = command("lint", "--staged", "--format", "json", directory=tmp_path)
    monkeypatch.delenv("GIT_INDEX_FILE")

    assert found.errors() == [PLACE]
    assert command("lint", "--staged", directory=tmp_path).code == 0


@pytest.mark.parametrize("value", ["", "/nowhere", "a\nb", "-rf"])
def test_a_git_dir_that_is_none_is_gits_error(
    value: str, repo: Any, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Any]
) -> None:
    repo.write({PATH: GOOD})
    monkeypatch.setenv("GIT_DIR", value)

    assert command("lint").code == 4
    assert command("lint", "--staged").code == 4


@pytest.mark.parametrize("damage", ["HEAD", "index", "objects"])
def test_a_damaged_repository_is_gits_error(
    damage: str, repo: Any, command: Callable[..., Any]
) -> None:
    repo.write({PATH: GOOD})
    repo.commit("one")
    target = repo.root / ".git" / damage
    if target.is_dir():
        shutil.rmtree(target)
        target.mkdir()
    else:
        target.write_bytes(b"\0damaged\n")

    assert command("lint", "--staged").code == 4


NAMES = (
    "-rf", "--help", "with space", " lead", "trail ", "new\nline", "tab\there", "\x1b[31mred",
    "ümläut", "日本語", "\u202egnp", "a\u200bb", "::error::x", "##[error]x", "$(id)", "`id`",
    "'quote\"", "a;b", "a*b", "a?b", "[ab]", ":(top)x", "!x", "^HEAD", "~", "a\\b", "%s%n",
    "{version}", "..a", "a..b", "x" * 200, "Upper", "con", "\u00e9", "e\u0301", "\udcff\udcfe",
)  # fmt: skip


def test_prompts_of_any_name_are_checked_listed_rendered_and_shown(
    repo: Any, command: Callable[..., Any]
) -> None:
    repo.write({f"prompts/{name}.prompt.yaml": BAD for name in NAMES})
    repo.git("add", "--all")

    whole = command("lint", "--no-cache", "--format", "json")
    staged = command("lint", "--staged", "--format", "json")
    listed = command("list", "--format", "json")

    assert len([each for each in whole.errors() if each.endswith(":6:23 VAR001")]) == len(NAMES)
    assert staged.errors() == whole.errors()
    assert len(json.loads(listed.out)["prompts"]) == len(NAMES)
    for form in ("full", "concise", "github", "gitlab", "sarif", "junit", "markdown"):
        assert command("lint", "--format", form).code == 1
    assert command("check").code == 1
    assert command("check", "--format", "markdown").code == 1
    assert command("lint", "--why").code == 1
    assert command("list").code == 0


@pytest.mark.parametrize("name", fast_spread(NAMES, 10), ids=ascii)
def test_a_prompt_of_any_name_can_be_asked_for(
    name: str, repo: Any, command: Callable[..., Any]
) -> None:
    repo.write({f"prompts/{name}.prompt.yaml": GOOD})
    repo.git("add", "--all")

    assert command("render", "--", name).out == "--- user\nhello\n"
    assert command("render", "--resolved", "--", name).code == 0
    assert command("lint", "--", name).code in (0, 1)
    assert command("check", "--", name).code in (0, 1)


def test_prompts_that_differ_only_in_case_are_both_told(
    repo: Any, command: Callable[..., Any]
) -> None:
    repo.write({PATH: GOOD, PATH.replace("bad", "Bad"): GOOD, PATH.replace("yaml", "yml"): GOOD})
    repo.git("add", "--all")

    assert [each.split()[1] for each in command("lint", "--format", "json").errors()] == [
        "REP001",
        "REP001",
    ]


@pytest.mark.parametrize("name", ["-rf", "--output=x", "a\nb", "\x1b[31m", "a:b", "^x", "\udcff"])
def test_a_revision_of_any_name_is_only_a_name(
    name: str, repo: Any, command: Callable[..., Any]
) -> None:
    repo.write({PATH: GOOD})
    repo.commit("one")
    before = sorted(path.name for path in repo.root.iterdir())

    for arguments in (("list", f"--at={name}"), ("lint", f"--since={name}"), ("lint", f"--at={name}"),
                      ("check", f"--since={name}"), ("render", "bad", f"--at={name}")):  # fmt: skip
        assert command(*arguments).code in (2, 4)
    assert sorted(path.name for path in repo.root.iterdir()) == before


WITHOUT_FOLDER = """
import sys, tempfile
tempfile.tempdir = "/dev/null/gone"
from promptops.cli.main import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("lint",), 1, ""),
        (("check", "--since", "HEAD", "--at", "worktree"), 1, ""),
        (("diff", "--worktree"), 0, ""),
        (
            ("diff", "--merge", "main"),
            3,
            "error: a temporary file can't be created: not a directory\n",
        ),
    ],
)
def test_without_a_folder_for_temporary_files_the_command_names_the_cause(
    arguments: tuple[str, ...], code: int, complaint: str, repo: Any
) -> None:
    repo.write({PATH: GOOD})
    repo.commit("one")
    repo.write({PATH: BAD})

    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_FOLDER, *arguments],
        capture_output=True, check=False, cwd=repo.root, text=True,
    )  # fmt: skip

    tip = "  tip: set TMPDIR to a writable folder\n" if complaint else ""
    assert (done.returncode, done.stderr) == (code, complaint + tip)
