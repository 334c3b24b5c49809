"""A prompt file that was renamed, so that no prompt is read from it, is reported everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from promptops.catalog.unread_prompts import proper_name
from promptops.cli.main import run

PROMPT = """\
format: promptops/1
description: Greets.
messages:
  - {role: user, content: Say hello.}
tests:
  - {name: one, rendered: [{type: contains, value: hello}]}
"""
ERROR = "prompts/ask.yaml:1:1: error: this file is not read as a prompt"
RENAME = "git mv prompts/ask.yaml prompts/ask.prompt.yaml"


@pytest.fixture
def started(repo, capsys):
    """Run a command in the repository: exit code, stdout and stderr."""

    def start(command, *arguments):
        code = run([command, "-C", str(repo.root), *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return start


@pytest.fixture
def renamed(repo):
    """A branch on which a prompt file lost its ending."""
    repo.write({"prompts/ask.prompt.yaml": PROMPT, "prompts/other.prompt.yaml": PROMPT})
    repo.commit("two prompts")
    repo.git("switch", "--quiet", "--create", "change")
    repo.git("mv", "prompts/ask.prompt.yaml", "prompts/ask.yaml")
    return repo


def test_the_hook_reports_it_with_the_command_that_fixes_it(renamed, started):
    code, said, _ = started("lint", "--staged")

    assert code == 1
    assert said.splitlines()[0] == f"{ERROR}  [REP011 unread-prompt]"
    assert RENAME in said


@pytest.mark.parametrize("arguments", [(), ("--since", "main")])
def test_the_gate_reports_it(renamed, started, arguments):
    renamed.commit("renamed")

    code, said, _ = started("check", *arguments)

    assert code == 1
    assert ERROR in said
    assert RENAME in said


def test_list_warns_of_it_beside_the_prompts(renamed, started):
    code, said, noted = started("list")

    assert (code, said) == (0, "other  active  -  1 case\n")
    assert noted == (
        f"prompts/ask.yaml: warning: this file is not read as a prompt\n  tip: {RENAME}\n"
    )


@pytest.mark.parametrize(
    ("written", "proper"),
    [
        ("a.yaml", "a.prompt.yaml"),
        ("a.promt.yaml", "a.prompt.yaml"),
        ("a.Prompts.yml", "a.prompt.yaml"),
        ("a.prompt.yaml.bak", "a.prompt.yaml"),
        ("a.prompt.txt", "a.prompt.yaml"),
        ("a.terse.yaml", "a.terse.prompt.yaml"),
        ("b.promt/a.yaml", "b.promt/a.prompt.yaml"),
    ],
)
def test_the_proper_name_drops_a_misspelt_suffix(written, proper):
    assert proper_name(f"prompts/{written}") == f"prompts/{proper}"


def test_list_of_some_prompts_does_not_warn(renamed, started):
    assert started("list", "other")[2] == ""


def test_doctor_reports_it_as_a_problem(renamed, started):
    code, said, _ = started("doctor")

    assert code == 1
    assert "prompts/ask.yaml: this file is not read as a prompt" in said
    assert RENAME in said


def test_a_file_that_only_looks_like_yaml_of_ones_own_is_not_reported(repo, started):
    repo.write({"prompts/other.prompt.yaml": PROMPT, "prompts/notes.yaml": "a: 1\n"})

    assert started("list")[2] == ""
    assert started("lint")[:2] == (0, "")


def test_a_path_with_a_space_is_quoted_in_the_command(repo, started):
    repo.write({"prompts/ask me.yaml": PROMPT})

    _, _, noted = started("list")

    assert "git mv 'prompts/ask me.yaml' 'prompts/ask me.prompt.yaml'" in noted


CHAT = '[{"role": "system", "content": "Be kind."}]'
FOREIGN = {
    "a.prompty": "---\nname: a\n---\nuser:\nSay hello.\n",
    "b.prompt": '{{role "user"}}Say hello.\n',
    "sub/c d.prompt.md": "---\nmode: agent\n---\nSay hello.\n",
    "e.json": f'{{"messages": {CHAT}}}',
    "f.prompt.json": CHAT,
    "g.json": '{"model": "gpt-5", "messages": [{"role": "user", "content": "Say hello."}]}',
}
OWN = {
    "h.prompt": PROMPT,
    "i.prompt.json": '{\n  "format": "promptops/1",\n  "messages": []\n}',
}
OTHERS = {
    "README.md": "# Prompts\n",
    "a.md": "---\ndescription: none\n---\nText.\n",
    "other.prompt.md": "---\ntitle: What the prompt is for\n---\n# Notes\n\ndescription: none\n",
    "_style.prompt": "Be kind.\n",
    "empty.prompt": "\n",
    "conversation.json": '{"messages": [{"role": "user", "content": "Hello."}]}',
    "turns.json": CHAT,
    "roles.json": '{"messages": [{"role": "system"}], "model": 1}',
    "broken.json": '{"model": "gpt-5", "messages": [{"role": "user"',
    "bundle.json": '{"prompts": [{"format": "promptops/1", "messages": []}]}',
    "example.json": '[{"role": "user", "content": "format: promptops/1"}]',
}


def test_files_of_other_tools_are_reported_with_the_import_and_other_files_never(repo, started):
    used = PROMPT.replace("content: Say hello.", "content: {file: ./body.prompt}")
    repo.write({"prompts/used.prompt.yaml": used, "prompts/body.prompt": "Say hello.\n"})
    repo.write({f"prompts/{name}": text for name, text in {**FOREIGN, **OWN, **OTHERS}.items()})
    repo.write({f"data/{name}": text for name, text in FOREIGN.items()})

    _, _, noted = started("list")

    tips = [line.strip() for line in noted.splitlines()[1::2]]
    assert tips == [
        "tip: promptops import prompts/a.prompty --to prompts && rm prompts/a.prompty",
        "tip: promptops import prompts/b.prompt --to prompts && rm prompts/b.prompt",
        "tip: promptops import prompts/e.json --to prompts && rm prompts/e.json",
        "tip: promptops import prompts/f.prompt.json --to prompts && rm prompts/f.prompt.json",
        "tip: promptops import prompts/g.json --to prompts && rm prompts/g.json",
        "tip: git mv prompts/h.prompt prompts/h.prompt.yaml",
        "tip: git mv prompts/i.prompt.json prompts/i.prompt.yaml",
        "tip: promptops import 'prompts/sub/c d.prompt.md' --to prompts/sub"
        " && rm 'prompts/sub/c d.prompt.md'",
    ]


@pytest.mark.parametrize("state", ["untracked", "staged", "committed"])
def test_the_command_for_a_file_of_another_tool_makes_it_a_prompt(repo, started, state):
    repo.write({"prompts/sub/a b.prompty": FOREIGN["a.prompty"]})
    if state == "staged":
        repo.git("add", "--all")
    elif state == "committed":
        repo.commit("a prompt of another tool")
    command = started("list")[2].partition("tip: ")[2]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["sh", "-c", command], cwd=repo.root, env={**os.environ, "PATH": path}, check=False
    )

    assert done.returncode == 0
    assert started("list") == (0, "sub/a-b  active  -  0 cases\n", "")


def test_the_list_does_not_call_a_prompt_with_a_syntax_error_a_draft(repo, started):
    broken = PROMPT.replace("description: Greets.", "tags: [greeting")
    repo.write({"prompts/ask.prompt.yaml": PROMPT, "prompts/other.prompt.yaml": broken})

    assert started("list")[1].splitlines() == [
        "ask    active      -  1 case",
        "other  unreadable  -  0 cases",
    ]


BROKEN = "format: promptops/1\nmessages: ["


@pytest.mark.parametrize("name", ["ask.prompt.yaml ", "ask.prompt.yml\t", "ask.prompt.yaml~"])
def test_a_blank_at_the_end_of_the_name_hides_no_prompt(repo, started, name):
    repo.write({"prompts/other.prompt.yaml": PROMPT, f"prompts/{name}": BROKEN})
    repo.git("add", ".")

    code, said, _ = started("lint", "--staged")

    assert code == 1
    assert f"prompts/{name}".replace("\t", "\\t") in said
    assert "error: this file is not read as a prompt  [REP011 unread-prompt]" in said
    assert " prompts/ask.prompt.yaml\n" in said


@pytest.mark.parametrize(
    ("name", "text", "fix"),
    [
        (
            "ask.prompt.yaml.orig",
            PROMPT,
            "delete it, or rename it: `prompts/ask.prompt.yaml` exists",
        ),
        ("a.yaml", "messages:\n  - {role: user}\n", "git mv prompts/a.yaml prompts/a.prompt.yaml"),
        (
            "a.prompty",
            "---\nname: a\n---\nuser:\nSay hello.\n",
            "promptops import prompts/a.prompty --to prompts && rm prompts/a.prompty",
        ),
    ],
)
def test_a_file_that_may_be_a_prompt_is_only_a_warning(repo, started, name, text, fix):
    repo.write({"prompts/ask.prompt.yaml": PROMPT, f"prompts/{name}": text})
    repo.git("add", ".")

    code, said, _ = started("lint", "--staged")

    assert code == 0
    assert f"prompts/{name}:1:1: warning: this file is not read as a prompt  [REP014" in said
    assert f"^ {fix}\n" in said


def notes(said):
    return [line for line in said.splitlines() if line.startswith(("note:", "  tip:"))]


@pytest.mark.parametrize("command", ["lint", "list", "check"])
def test_ignored_prompts_are_noted(repo, started, command):
    repo.write({"prompts/other.prompt.yaml": PROMPT, ".gitignore": "draft-*\n"})
    repo.commit("one prompt")
    repo.write({"prompts/draft-a.prompt.yaml": BROKEN, "prompts/draft-b.prompt.yaml": BROKEN})

    _, _, noted = started(command)

    assert notes(noted) == [
        "note: ignored by git, so not read: prompts/draft-a.prompt.yaml and 1 more file",
        "  tip: `git check-ignore -v prompts/draft-a.prompt.yaml` shows the pattern",
    ]


@pytest.mark.parametrize(
    ("files", "error"),
    [
        (
            {".gitignore": "prompts/\n", "prompts/a.prompt.yaml": PROMPT},
            "error: there are no prompts; ignored by git, so not read: prompts/a.prompt.yaml\n"
            "  tip: `git check-ignore -v prompts/a.prompt.yaml` shows the pattern\n",
        ),
        (
            {
                ".gitignore": "build/\n",
                "build/a.prompt.yaml": PROMPT,
                "promptops.toml": 'prompts = ["."]\n',
            },
            "error: there are no prompts; ignored by git, so not read: build/a.prompt.yaml\n"
            "  tip: `git check-ignore -v build/a.prompt.yaml` shows the pattern\n",
        ),
        (
            {"app/prompts/a.prompt.yaml": PROMPT},
            "error: there are no prompts; outside of the prompt roots, so not read:"
            " app/prompts/a.prompt.yaml\n"
            '  tip: write `prompts = ["app/prompts"]` in promptops.toml, or move the files\n',
        ),
    ],
    ids=["ignored folder", "root is the repository", "another folder"],
)
@pytest.mark.parametrize("command", ["lint", "check", "test"])
def test_a_gate_does_not_pass_on_no_prompts_while_git_hides_them(
    repo, started, command, files, error
):
    repo.write(files)

    assert started(command) == (3, "", error)


def test_a_name_of_an_ignored_file_is_refused_with_the_reason(repo, started):
    repo.write({"prompts/other.prompt.yaml": PROMPT, ".gitignore": "drafts/\n"})
    repo.write({"prompts/drafts/a.prompt.yaml": PROMPT})

    for name in ("prompts/drafts/a.prompt.yaml", "prompts/drafts", "drafts/a"):
        assert started("lint", name) == (
            2,
            "",
            f"error: no prompt matches {name!r}\n"
            "  tip: git ignores it: git check-ignore -v prompts/drafts/a.prompt.yaml\n",
        )


def test_a_folder_that_differs_from_the_root_only_in_case_is_noted(repo, started):
    files = {"prompts/other.prompt.yaml": PROMPT, "Prompts/ask.prompt.yaml": BROKEN}
    repo.write({**files, "PROMPTS/readme.md": "no prompt"})
    repo.commit("two folders")

    _, _, noted = started("lint")

    assert notes(noted) == [
        "note: not read: the prompts in Prompts/",
        "  tip: move them to prompts/, the root",
    ]


def test_outside_the_sparse_checkout_the_committed_prompt_is_read_and_a_file_on_disk_noted(
    repo, started
):
    repo.write({"prompts/ask.prompt.yaml": BROKEN, "prompts/other.prompt.yaml": PROMPT})
    repo.commit("two prompts")
    repo.git("update-index", "--skip-worktree", "prompts/ask.prompt.yaml")
    (repo.root / "prompts/ask.prompt.yaml").unlink()

    _, absent, quiet = started("lint")
    repo.write({"prompts/ask.prompt.yaml": PROMPT})
    _, present, noted = started("lint")

    assert "prompts/ask.prompt.yaml:2:12: error" in absent
    assert (present, notes(quiet)) == (absent, [])
    assert notes(noted) == [
        "note: outside the sparse checkout, so read from git and not from disk:"
        " prompts/ask.prompt.yaml",
        "  tip: `git update-index --no-skip-worktree` makes git read the file on disk",
    ]


def test_the_hook_notes_nothing_of_what_is_not_staged(repo, started):
    repo.write({"prompts/other.prompt.yaml": PROMPT, ".gitignore": "draft-*\n"})
    repo.commit("one prompt")
    repo.write({"prompts/draft-a.prompt.yaml": BROKEN, "Prompts/ask.prompt.yaml": BROKEN})

    assert started("lint", "--staged") == (0, "", "")
