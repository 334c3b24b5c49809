"""What git itself shows of prompts, once `promptops init --git-diff` was run in a clone."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from promptops.commands.init.init import (
    DIFF_SETTINGS,
    PROMPT_PATTERNS,
    UNDO_GIT_DIFF,
    WORD_PATTERN,
)

ROOT = Path(__file__).parents[3]
TRIAGE = "prompts/support/triage.prompt.yaml"
OLD = """\
format: promptops/1
description: Sort one ticket.
model: {profile: fast, params: {temperature: 0.2}}
inputs:
  required: [ticket]
  properties:
    ticket: {type: string, maxLength: 800, x-untrusted: true}
    product: {enum: [router, hub], default: hub}
messages:
  - role: system
    content: |
      You sort tickets about the {{ product }}.
      {% include "partials/tone.md.j2" %}

      Never promise a refund.
      Answer in three sentences.
      Use the customer's words.
  - role: user
    content: |
      <ticket>
      {{ ticket }}
      </ticket>
tests:
  - name: a red light
    inputs: {ticket: It blinks.}
    rendered:
      - {type: contains, role: system, value: hub}
"""
CHANGES = {
    "temperature: 0.2": "temperature: 0.75",
    "{type: string, maxLength: 800, x-untrusted: true}": (
        "\n      x-untrusted: true\n      type: string\n      maxLength: 1200"
    ),
    "{{ product }}": "{{ product | upper }}",
    "three sentences": "two short sentences",
    "value: hub": "value: HUB",
}


def changed(text: str) -> str:
    for before, after in CHANGES.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    return text


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """A folder first on PATH, whose `promptops` and `git-promptops` run this checkout."""
    folder = tmp_path / "bin"
    folder.mkdir()
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
    for name in ("promptops", "git-promptops"):
        program = folder / name
        program.write_text(
            f"#!{sys.executable}\n{start}\nfrom promptops.cli.main import main\nmain()\n"
        )
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.fixture
def clone(repo, on_path, say):
    """Two commits of a prompt, in a clone whose git was told."""
    repo.write({TRIAGE: OLD})
    repo.commit("the first wording")
    repo.write({TRIAGE: changed(OLD)})
    repo.commit("another wording")
    assert say("init", "--git-diff", "-C", str(repo.root)).code == 0
    return repo


def git(folder, *arguments, **environment):
    """Run git in a folder: exit code and all that it said."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_git_shows_what_changed_one_fact_a_line(clone, golden):
    code, said = git(clone.root, "diff", "HEAD~1")

    assert code == 0
    golden("git_diff.txt", said)


def test_a_difference_by_words_keeps_tags_words_and_numbers_whole(clone, golden):
    code, said = git(clone.root, "diff", "--word-diff", "HEAD~1")

    assert code == 0
    golden("git_diff_words.txt", said)


def test_the_log_shows_each_wording(clone, golden):
    code, said = git(clone.root, "log", "-p", "--format=%s")

    assert code == 0
    golden("git_log.txt", said)


def test_what_is_not_committed_yet_is_shown_too(clone):
    clone.write({TRIAGE: OLD})

    _, unstaged = git(clone.root, "diff")
    clone.git("add", ".")
    _, staged = git(clone.root, "diff", "--cached")

    assert "\n+model.params.temperature: 0.2\n" in unstaged
    assert staged == unstaged


def test_yaml_written_in_another_way_is_no_difference(clone):
    clone.write({TRIAGE: changed(OLD).replace("description: Sort", "\n\ndescription:   Sort")})

    _, said = git(clone.root, "diff")

    assert [line for line in said.splitlines() if line.startswith(("@@", "+", "-"))] == []


def test_from_a_linked_work_tree_and_a_folder_below_it_is_the_same(clone, tmp_path):
    _, expected = git(clone.root, "diff", "HEAD~1")
    linked = tmp_path / "linked tree"
    clone.git("worktree", "add", "--quiet", "--detach", str(linked))

    assert git(linked, "diff", "HEAD~1") == (0, expected)
    assert git(linked / "prompts" / "support", "diff", "HEAD~1") == (0, expected)


def test_with_git_dir_set_it_is_the_same(clone, tmp_path):
    _, expected = git(clone.root, "diff", "HEAD~1")
    environment = {"GIT_DIR": str(clone.root / ".git"), "GIT_WORK_TREE": str(clone.root)}

    assert git(tmp_path, "diff", "HEAD~1", **environment) == (0, expected)


def test_paths_with_spaces_and_ones_like_options_are_shown(clone):
    names = ("my prompts/two words.prompt.yaml", "--format=text=x.prompt.yaml", "-h.prompt.yml")
    clone.write(dict.fromkeys(names, OLD))
    clone.commit("odd names")
    clone.write(dict.fromkeys(names, changed(OLD)))

    code, said = git(clone.root, "diff", "--", *(f"./{name}" for name in names))

    assert code == 0
    assert said.count("\n+model.params.temperature: 0.75\n") == len(names)


def test_a_file_that_is_broken_is_shown_as_it_stands(clone):
    clone.write({TRIAGE: OLD.replace("description: Sort", "description: [Sort \x1b[2J")})

    code, said = git(clone.root, "diff")

    assert code == 0
    assert "\n+description: [Sort \\x1b[2J one ticket.\n" in said
    assert "\x1b" not in said


def test_where_git_shows_the_yaml_it_names_the_section_or_the_message(clone):
    _, said = git(clone.root, "diff", "--no-textconv", "-U0", "HEAD~1")

    headers = [line.partition(" @@ ")[2] for line in said.splitlines() if line.startswith("@@")]
    assert headers == ["", "inputs:", *["  - role: system"] * 2, "  - name: a red light"]


def test_git_runs_the_command_by_its_own_name(clone, process):
    expected = process("textconv", TRIAGE, cwd=clone.root)

    assert git(clone.root, "promptops", "textconv", TRIAGE) == (0, expected.stdout)
    assert expected.stdout.startswith("format: promptops/1\ndescription: Sort one ticket.\n")


def test_a_file_that_is_not_there_is_an_error(clone, say):
    said = say("textconv", "-C", str(clone.root), "none.prompt.yaml")

    assert (said.code, said.out) == (3, "")
    assert said.err.endswith("none.prompt.yaml: error: can't be read: no such file or directory\n")


def test_what_was_shown_once_is_kept_by_git(clone, on_path):
    _, first = git(clone.root, "log", "-p", "--format=%s")
    (on_path / "promptops").write_text("#!/bin/sh\nexit 1\n")

    assert git(clone.root, "log", "-p", "--format=%s") == (0, first)
    assert clone.git("for-each-ref", "--format=%(refname)", "refs/notes").startswith("refs/notes/t")


WORDS = [
    ("a {{ x }} b", "a {{ y }} b", "a [-{{ x }}-]{+{{ y }}+} b"),
    ("{{ f({'a': 1}) }}", "{{ f({'a': 2}) }}", "[-{{ f({'a': 1}) }}-]{+{{ f({'a': 2}) }}+}"),
    ("{{ a }}{{ b }}", "{{ a }}{{ c }}", "{{ a }}[-{{ b }}-]{+{{ c }}+}"),
    ("{% if n % 2 %}x", "{% if n % 3 %}x", "[-{% if n % 2 %}-]{+{% if n % 3 %}+}x"),
    ("{%- if a -%}x", "{%- if b -%}x", "[-{%- if a -%}-]{+{%- if b -%}+}x"),
    ("{# one #}x", "{# two #}x", "[-{# one #}-]{+{# two #}+}x"),
    ("at most 0.25 EUR", "at most 0.5 EUR", "at most [-0.25-]{+0.5+} EUR"),
    ("(don't)", "(do)", "([-don't-]{+do+})"),
    ("by_name, now", "by_id, now", "[-by_name-]{+by_id+}, now"),
    ("the end.", "the end!", "the end[-.-]{+!+}"),
    ("größer als", "größter als", "[-größer-]{+größter+} als"),
    ("für „dich“", "für „euch“", None),
    ("注意深く", "注意浅く", None),
]


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
@pytest.mark.parametrize(("old", "new", "shown"), WORDS)
def test_a_tag_a_word_and_a_number_are_one_word_to_git(repo, old, new, shown, locale):
    repo.write({"a.txt": f"{old}\n"})
    repo.git("add", ".")
    repo.write({"a.txt": f"{new}\n"})
    repo.git("config", "core.quotePath", "false")

    code, said = git(repo.root, "diff", f"--word-diff-regex={WORD_PATTERN}", LC_ALL=locale)

    line = said.splitlines()[-1]
    assert code == 0
    assert "\ufffd" not in line, "no character is split"
    assert shown is None or line == shown


@pytest.mark.parametrize("whole", ["none", "file"])
def test_init_adds_what_is_missing_and_says_how_to_undo_it(repo, on_path, say, golden, whole):
    if whole == "file":
        repo.write({".git/info/attributes": "*.bin -diff"})

    said = say("init", "--git-diff", "-C", str(repo.root))

    before = "*.bin -diff\n" if whole == "file" else ""
    added = "".join(f"{pattern} diff=promptops\n" for pattern in PROMPT_PATTERNS)
    assert (said.code, said.err) == (0, "")
    golden("init_git_diff.txt", said.out)
    assert (repo.root / ".git/info/attributes").read_text() == before + added
    found = {key: repo.git("config", "--local", f"diff.promptops.{key}") for key in DIFF_SETTINGS}
    assert found == DIFF_SETTINGS
    assert [path.name for path in repo.root.iterdir()] == [".git"]


def test_running_it_twice_changes_nothing(clone, say, golden):
    files = [clone.root / ".git" / name for name in ("config", "info/attributes")]
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]

    said = say("init", "--git-diff", "-C", str(clone.root))

    assert said.code == 0
    golden("init_git_diff_twice.txt", said.out)
    assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before


def test_what_is_set_to_something_else_is_kept_and_told(repo, on_path, say, golden):
    repo.write({".gitattributes": "*.prompt.yaml diff=yaml\n"})
    repo.git("config", "diff.promptops.textconv", "cat")

    said = say("init", "--git-diff", "-C", str(repo.root))

    assert said.code == 0
    golden("init_git_diff_kept.txt", said.out)
    assert repo.git("config", "diff.promptops.textconv") == "cat"
    assert (repo.root / ".git/info/attributes").read_text() == "*.prompt.yml diff=promptops\n"


def test_where_git_could_not_run_it_nothing_is_set(repo, say, monkeypatch, tmp_path):
    git_alone = tmp_path / "git-alone"
    git_alone.mkdir()
    found = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout
    (git_alone / "git").symlink_to(found.strip())
    monkeypatch.setenv("PATH", str(git_alone))

    said = say("init", "--git-diff", "-C", str(repo.root))

    assert (said.code, said.err) == (3, "")
    assert said.out.splitlines()[0] == (
        "failed .git/config: `promptops` is not on PATH: git could not run it, and would show no"
        " differences"
    )
    assert not (repo.root / ".git/info/attributes").exists()


def test_the_undo_that_is_printed_undoes_it(clone):
    _, as_yaml = git(clone.root, "diff", "--no-textconv", "HEAD~1")
    git(clone.root, "log", "-p")

    for command in UNDO_GIT_DIFF:
        subprocess.run(command.split(), cwd=clone.root, check=True)

    _, said = git(clone.root, "diff", "HEAD~1")
    strip = [line.partition(" @@")[0] for line in said.splitlines() if line.startswith("@@")]
    assert strip == [line.partition(" @@")[0] for line in as_yaml.splitlines() if "@@" in line]
    assert "+model: {profile: fast, params: {temperature: 0.75}}" in said
    assert clone.git("for-each-ref", "refs/notes") == ""


def test_a_file_that_can_not_be_written_fails_alone(repo, on_path, say):
    repo.write({".git/info/attributes/folder": ""})

    said = say("init", "--git-diff", "-C", str(repo.root))

    assert (said.code, said.err) == (3, "")
    assert [line.split(" ")[0] for line in said.out.splitlines()] == [
        *("added", "added", "added", "added", "failed", "failed", "to", "to", "next,")
    ]


def test_a_link_is_not_written_through(repo, on_path, say, tmp_path):
    elsewhere = tmp_path / "attributes"
    elsewhere.write_text("")
    (repo.root / ".git/info").mkdir(exist_ok=True)
    (repo.root / ".git/info/attributes").symlink_to(elsewhere)

    said = say("init", "--git-diff", "-C", str(repo.root))

    assert said.code == 3
    assert elsewhere.read_text() == ""


def test_a_bare_repository_can_be_told_too(clone, tmp_path, say):
    bare = tmp_path / "bare.git"
    clone.git("clone", "--quiet", "--bare", str(clone.root), str(bare))
    _, expected = git(clone.root, "diff", "HEAD~1", "HEAD")

    said = say("init", "--git-diff", "-C", str(bare))

    assert (said.code, said.out.splitlines()[0]) == (0, "added  config: diff.promptops.textconv")
    assert git(bare, "diff", "HEAD~1", "HEAD") == (0, expected)


def test_from_a_linked_work_tree_the_repository_is_told(repo, on_path, say, tmp_path):
    repo.write({TRIAGE: OLD})
    repo.commit("one")
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "--quiet", str(linked))

    said = say("init", "--git-diff", "-C", str(linked / "prompts"))

    common = repo.root / ".git"
    assert said.code == 0
    assert said.out.splitlines()[0] == f"added  {common}/config: diff.promptops.textconv"
    assert (common / "info/attributes").is_file()
    assert stat.S_ISREG((linked / ".git").stat().st_mode)


def test_with_another_option_that_is_done_as_well(repo, on_path, say):
    said = say("init", "--git-diff", "--hooks", "-C", str(repo.root))

    assert said.code == 0
    assert (repo.root / "promptops.toml").is_file()
    assert (repo.root / ".git/hooks/pre-commit").is_file()
    assert repo.git("config", "diff.promptops.textconv") == DIFF_SETTINGS["textconv"]
    assert said.out.splitlines()[-1] == "next: promptops lint"


def test_its_json_is_what_the_schema_says(repo, on_path, say):
    schema = json.loads((ROOT / "schemas" / "init.schema.json").read_text(encoding="utf-8"))

    value = json.loads(say("init", "--git-diff", "--format", "json", "-C", str(repo.root)).out)

    Draft202012Validator(schema).validate(value)
    assert [step["action"] for step in value["steps"]] == ["added"] * 6
    assert value["next"] == "git diff --word-diff"


def test_outside_a_repository_it_is_an_error_of_git(on_path, say, tmp_path):
    said = say("init", "--git-diff", "-C", str(tmp_path))

    assert (said.code, said.out) == (4, "")
