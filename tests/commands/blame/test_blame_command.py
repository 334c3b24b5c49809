"""`promptops blame`: what it prints, and what it says of what it can't answer."""

from __future__ import annotations

import json
import subprocess

import pytest

from promptops.cli.main import run
from tests.output_schemas import validate

ASK = "prompts/ask.prompt.yaml"
PROMPT = """\
format: promptops/1
description: Answer.
inputs:
  properties:
    ticket: {type: string}
    photo: {type: string}
    past: {type: array, items: {type: object}}
messages:
  - role: system
    content: |
      You help.
      {% include "rules.md.j2" %}
  - history: past
  - role: user
    content: |
      About the ticket {{ ticket }}:
      {{ ticket }}
  - role: user
    content: [{image: {input: photo}}]
tests:
  - name: one
    inputs:
      ticket: It blinks.
      photo: https://example.com/a.png
      past: [{role: assistant, content: Hello.}]
  - name: two
    inputs: {ticket: "Two\\nlines.", photo: https://example.com/a.png}
"""
TEXT = """\
--- 0 system
{two} (Ada Author        2026-01-01 prompts/ask.prompt.yaml:11 1) You help.
{one} (Ada Author        2026-01-01 prompts/rules.md.j2:1      2) Be kind.   through {two} \
prompts/ask.prompt.yaml:12
00000000 (not committed yet            prompts/rules.md.j2:2      3) Be brief.
--- 1 assistant
(not written in a template)
--- 2 user
{two} (Ada Author        2026-01-01 prompts/ask.prompt.yaml:16 4) About the ticket It blinks.:\
   <- ticket
{two} (Ada Author        2026-01-01 prompts/ask.prompt.yaml:17 5) It blinks.   <- only ticket
--- 3 user
(not written in a template)
"""


@pytest.fixture
def history(repo):
    """A partial, then a prompt that includes it, then a line that is not committed."""
    repo.write({"prompts/rules.md.j2": "Be kind.\n"})
    repo.commit("one")
    repo.write({ASK: PROMPT})
    repo.commit("two")
    repo.write({"prompts/rules.md.j2": "Be kind.\nBe brief.\n"})
    return repo


@pytest.fixture
def say(capfd):
    """Run it on a repository: the exit code, stdout and stderr."""

    def running(root, *arguments: str) -> tuple[int, str, str]:
        code = run(["blame", "ask", *arguments, "-C", str(root)])
        return code, *capfd.readouterr()

    return running


def complaint(said: tuple[int, str, str]) -> tuple[int, str]:
    """The exit code and the first line of the error, without the place of the repository."""
    code, out, err = said
    assert out == ""
    return code, err[err.index("error: ") :].partition("\n")[0]


def test_each_line_stands_behind_who_wrote_it(history, say):
    ids = {
        name: history.git("rev-parse", rev)[:8] for name, rev in (("one", "HEAD~"), ("two", "@"))
    }

    said = say(history.root, "--case", "one", "--at", "worktree")

    assert said == (0, TEXT.format(**ids), "")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("-L", "2,3"), ["Be kind.", "About the ticket It blinks.:"]),
        (("-L", "2,+1"), ["Be kind."]),
        (("-L", ",1"), ["You help."]),
        (("-L", "4,"), ["It blinks."]),
        (("-L", "4"), ["It blinks."]),
        (("--message", "2"), ["About the ticket It blinks.:", "It blinks."]),
        (("--message", "2", "-L", "2,2"), ["It blinks."]),
        (("--message", "1"), []),
    ],
)
def test_only_the_lines_asked_for_are_told(history, say, arguments, shown):
    code, out, err = say(history.root, *arguments, "--format", "json")

    assert (code, [line["text"] for line in json.loads(out)["lines"]], err) == (0, shown, "")


def test_a_message_without_a_line_that_is_asked_for_is_not_shown(history, say):
    _, out, _ = say(history.root, "-L", "3,3")

    assert [line.split(") ")[-1] for line in out.splitlines()] == [
        "--- 2 user",
        "About the ticket It blinks.:   <- ticket",
    ]


@pytest.mark.parametrize("revision", ["HEAD", "worktree"])
def test_the_json_is_as_its_schema_says(history, say, revision):
    code, out, err = say(history.root, "--at", revision, "--format", "json")

    validate("blame", json.loads(out))
    assert (code, err) == (0, "")


def test_the_json_tells_all_of_a_line(history, say, golden):
    _, out, _ = say(history.root, "-L", "2,2", "--format", "json")

    golden("blame.json", out)


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("-L", "1-2"), 2, "error: '1-2' is not a range of lines"),
        (("-L", "2,+"), 2, "error: '2,+' is not a range of lines"),
        (("-L", ","), 2, "error: ',' is not a range of lines"),
        (("-L", ""), 2, "error: '' is not a range of lines"),
        (("-L", "9" * 10 + ",1"), 2, "error: '9999999999,1' is not a range of lines"),
        (("-L", "0,2"), 2, "error: '0,2' contains no line"),
        (("-L", "3,2"), 2, "error: '3,2' contains no line"),
        (("-L", "2,+0"), 2, "error: '2,+0' contains no line"),
        (("-L", "5,9"), 2, "error: there is no line 5"),
        (("--message", "1", "-L", "2"), 2, "error: there is no line 2"),
        (("--message", "4"), 2, "error: there is no message 4"),
        (("--case", "three"), 2, "error: there is no case 'three'"),
        (("--at", "gone"), 4, "error: there is no revision 'gone'"),
        (("--at", "--output=x"), 4, "error: there is no revision '--output=x'"),
    ],
)
def test_what_is_not_there_is_said(history, say, arguments, code, error):
    assert complaint(say(history.root, *arguments)) == (code, error)


def test_a_prompt_without_a_case_can_not_be_blamed(history, say):
    history.write({ASK: PROMPT[: PROMPT.index("tests:")]})

    said = say(history.root, "--at", "worktree")

    assert complaint(said) == (2, "error: ask has no test case")


def test_a_file_of_ignored_commits_that_is_gone_is_an_error_of_git(history, say):
    history.git("config", "blame.ignoreRevsFile", "gone")

    assert complaint(say(history.root)) == (4, "error: could not open object name list: gone")


def test_the_end_of_a_shallow_clone_is_marked(history, say, tmp_path):
    history.commit("three")
    shallow = tmp_path / "shallow"
    address = history.root.as_uri()
    history.git("clone", "--quiet", "--depth", "1", address, str(shallow))

    code, out, err = say(shallow, "-L", "1,1")

    assert (code, out.startswith(f"--- 0 system\n^{history.git('rev-parse', '@')[:8]} (")) == (
        0,
        True,
    )
    assert err.startswith("lines marked ^ may be older: this clone is shallow, fetch the rest: ")


def test_a_partial_clone_is_never_asked_to_fetch(history, say, tmp_path):
    history.write({"prompts/rules.md.j2": "Be kind, and brief.\n"})
    history.commit("three")
    history.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    address = history.root.as_uri()
    history.git("clone", "--quiet", "--filter=blob:none", address, str(partial))

    code, _, err = say(partial)

    assert code == 4
    assert "error: Cannot read blob" in err
    assert "  tip: in a partial clone, fetch all: git fetch --refetch --no-filter\n" in err


def test_the_words_of_strangers_are_shown_and_never_obeyed(repo, say, monkeypatch):
    monkeypatch.setenv("GIT_AUTHOR_NAME", "M\u202eallory ##[error]作者")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "x")
    text = PROMPT.replace("rules.md", "rules##[x].md").replace("It blinks.", '"::error::\\e[31m"')
    repo.write({ASK: text, "prompts/rules##[x].md.j2": "Be kind.\n"})
    repo.git("add", ".")
    repo.git("commit", "--quiet", "--message", "##[error] \x1b[31m")

    code, out, err = say(repo.root)
    _, machine, _ = say(repo.root, "--format", "json")

    assert (code, err) == (0, "")
    assert "(M\\u202eallory #\\x23[error]作者 2026" in out
    assert "prompts/rules#\\x23[x].md.j2:1" in out
    assert ") \\x3a:error::\\x1b[31m   <- only ticket\n" in out
    assert not any(char in out + machine for char in "\x1b\u202e")
    assert "##[" not in out + machine


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("0 +0000", "1970-01-01T00:00:00+00:00"),
        ("1767225600 -0130", "2025-12-31T22:30:00-01:30"),
        ("1767225600 +9959", "2026-01-01T00:00:00+00:00"),
        ("99999999999999 +0000", None),
    ],
)
def test_a_date_is_what_the_commit_says_or_none(repo, say, date, told):
    repo.write({ASK: PROMPT, "prompts/rules.md.j2": "Be kind.\n"})
    repo.git("add", ".")
    tree = repo.git("write-tree")
    commit = f"tree {tree}\nauthor A <a@b> {date}\ncommitter A <a@b> 1 +0000\n\nx\n"
    made = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        cwd=repo.root,
        input=commit,
        capture_output=True,
        check=True,
        text=True,
    )
    repo.git("update-ref", "HEAD", made.stdout.strip())

    code, text, _ = say(repo.root)
    _, machine, _ = say(repo.root, "--format", "json")

    assert (code, json.loads(machine)["lines"][0]["origin"]["author"]["date"]) == (0, told)
    assert (told or "")[:10] in text
