"""`promptops log`: which commits changed what a prompt means, in real repositories."""

from __future__ import annotations

import json
import subprocess

import pytest

from promptops.cli.main import run
from tests.output_schemas import validate

ASK = "prompts/ask.prompt.yaml"
STYLE = "prompts/partials/style.md.j2"
SCHEMA = "schemas/question.schema.json"
CONFIG = "promptops.toml"
PROMPT = """\
format: promptops/1
description: Answers one question.
model: {profile: fast}
inputs:
  required: [question]
  properties:
    question: {$ref: question.schema.json}
messages:
  - role: system
    content: |
      {% include "partials/style.md.j2" %}
  - role: user
    content: "{{ question }}"
tests:
  - {name: one, inputs: {question: why}, rendered: [{type: contains, value: why}]}
"""
FILES = {
    ASK: PROMPT,
    STYLE: "Be brief.\n",
    SCHEMA: '{"type": "string", "maxLength": 100}\n',
    CONFIG: '[models.fast]\nprovider = "openai"\nid = "gpt-5.4-mini-2026-03-17"\n',
}


@pytest.fixture
def catalog(repo):
    repo.write(FILES)
    repo.commit("start")
    return repo


@pytest.fixture
def log(capfd):
    """Run it: the exit code, stdout and stderr."""

    def logging(repo, *arguments: str) -> tuple[int, str, str]:
        code = run(["log", *arguments, "-C", str(repo.root)])
        said = capfd.readouterr()
        return code, said.out, said.err

    return logging


@pytest.fixture
def told(log):
    """What it says in JSON, which fits its schema."""

    def telling(repo, *arguments: str) -> dict:
        code, out, err = log(repo, *arguments, "--format", "json")
        assert (code, err) == (0, "")
        value = json.loads(out)
        validate("log", value)
        return value

    return telling


@pytest.fixture
def rows(told):
    """Of each entry the subject and what is asked for."""

    def reading(repo, *keys: str, options: tuple[str, ...] = ("ask",)) -> list[tuple]:
        entries = told(repo, *options)["entries"]
        return [(each["subject"], *(each[key] for key in keys)) for each in entries]

    return reading


def change(repo, subject: str, path: str, old: str = "", new: str = "") -> str:
    """Commit a file with one text for another; without any, with a line more."""
    file = repo.root / path
    text = file.read_text() if file.exists() else ""
    repo.write({path: text.replace(old, new) if old else f"{text}# one more\n"})
    return repo.commit(subject)


def test_what_changed_is_told_through_all_that_a_prompt_rests_on(catalog, rows):
    change(catalog, "style", STYLE, "brief", "kind")
    change(catalog, "schema", SCHEMA, "100", "50")
    change(catalog, "model", CONFIG, "mini", "nano")
    change(catalog, "another file", "README.md")
    change(catalog, "own text", ASK, '"{{ question }}"', '"Q: {{ question }}"')

    assert rows(catalog, "bump", "codes", "via") == [
        ("own text", "minor", ["CHG301"], []),
        ("model", "minor", ["CHG401"], [CONFIG]),
        ("schema", "major", ["CHG112"], [SCHEMA]),
        ("style", "minor", ["CHG301"], [STYLE]),
        ("start", "minor", ["CHG502"], []),
    ]


def test_what_changes_nothing_of_its_meaning_is_told_with_all(catalog, rows):
    change(catalog, "owners", ASK, "description: Answers", "description: Answer")
    change(catalog, "lint settings", CONFIG, "[models", '[lint]\nignore = ["TST"]\n[models')
    change(catalog, "another prompt", "prompts/b.prompt.yaml", "x", "x")
    change(catalog, "another tool", "pyproject.toml")

    assert rows(catalog) == [("start",)]
    assert rows(catalog, "state", "bump", "codes", options=("ask", "--all")) == [
        ("lint settings", "same", "none", []),
        ("owners", "changed", "patch", ["CHG701"]),
        ("start", "added", "minor", ["CHG502"]),
    ]


def test_a_partial_counts_only_as_long_as_it_is_reached(catalog, rows):
    change(catalog, "not reached yet", "prompts/partials/deep.md.j2", "x", "x")
    catalog.write({"prompts/partials/deep.md.j2": "Be deep.\n"})
    catalog.commit("still not reached")
    change(catalog, "reached", STYLE, "brief.", 'brief. {% include "partials/deep.md.j2" %}')
    change(catalog, "deep", "prompts/partials/deep.md.j2", "deep", "very deep")
    change(catalog, "not reached any more", STYLE, '{% include "partials/deep.md.j2" %}', "")
    change(catalog, "too late", "prompts/partials/deep.md.j2", "very deep", "shallow")

    assert [subject for (subject,) in rows(catalog)] == [
        "not reached any more",
        "deep",
        "reached",
        "start",
    ]


def test_a_rename_is_followed_by_its_alias(catalog, rows):
    change(catalog, "before", STYLE, "brief", "kind")
    catalog.git("mv", ASK, "prompts/answer.prompt.yaml")
    change(catalog, "renamed", "prompts/answer.prompt.yaml", "model:", "aliases: [ask]\nmodel:")
    change(catalog, "after", STYLE, "kind", "good")

    found = rows(catalog, "prompt", "before", "state", options=("answer",))

    assert found == [
        ("after", "answer", None, "changed"),
        ("renamed", "answer", "ask", "renamed"),
        ("before", "ask", None, "changed"),
        ("start", "ask", None, "added"),
    ]
    assert rows(catalog, "prompt", "before", "state", options=("ask",)) == found


def test_an_alias_that_was_given_later_is_followed_too(catalog, rows):
    catalog.git("mv", ASK, "prompts/answer.prompt.yaml")
    catalog.commit("renamed")
    change(catalog, "alias", "prompts/answer.prompt.yaml", "model:", "aliases: [ask]\nmodel:")

    assert rows(catalog, "prompt", "state", options=("answer",)) == [
        ("alias", "answer", "changed"),
        ("renamed", "answer", "added"),
        ("start", "ask", "added"),
    ]


def test_a_file_that_moved_without_another_id_is_followed(catalog, rows):
    change(catalog, "before", STYLE, "brief", "kind")
    catalog.git("mv", ASK, "prompts/ask.prompt.yml")
    catalog.commit("another ending")
    catalog.git("mv", "prompts", "texts")
    change(catalog, "another root", CONFIG, "[models", 'prompts = ["texts"]\n[models')
    change(catalog, "after", STYLE.replace("prompts", "texts"), "kind", "good")

    assert [subject for (subject,) in rows(catalog)] == ["after", "before", "start"]


def test_a_name_that_another_prompt_took_over_tells_what_it_stood_for(catalog, rows):
    catalog.git("mv", ASK, "prompts/answer.prompt.yaml")
    change(catalog, "renamed", "prompts/answer.prompt.yaml", "model:", "aliases: [ask]\nmodel:")
    catalog.write({ASK: PROMPT.replace("one question", "many")})
    change(catalog, "taken over", "prompts/answer.prompt.yaml", "aliases: [ask]\n", "")

    assert rows(catalog, "prompt", "state", options=("answer",)) == [
        ("taken over", "answer", "changed"),
        ("renamed", "answer", "renamed"),
        ("start", "ask", "added"),
    ]
    assert rows(catalog, "prompt", "state", options=("ask",)) == [
        ("taken over", "ask", "added"),
        ("renamed", "answer", "renamed"),
        ("start", "ask", "added"),
    ]


def test_a_name_that_its_own_prompt_still_has_leads_nowhere(catalog, rows):
    text = PROMPT.replace("model:", "aliases: [ask]\nmodel:")
    catalog.write({"prompts/answer.prompt.yaml": text})
    catalog.commit("one of two")

    assert rows(catalog, "prompt", options=("answer",)) == [("one of two", "answer")]
    assert rows(catalog, "prompt") == [("start", "ask")]


def test_a_prompt_that_is_gone_has_its_history(catalog, rows, told):
    (catalog.root / ASK).unlink()
    catalog.commit("gone")
    catalog.write({ASK: PROMPT.replace("{{ question }}", "Q {{ question }}")})
    catalog.commit("again")
    (catalog.root / ASK).unlink()
    catalog.commit("gone again")

    assert told(catalog, "ask")["prompt"] == "ask"
    assert rows(catalog, "state", "bump") == [
        ("gone again", "removed", "major"),
        ("again", "added", "minor"),
        ("gone", "removed", "major"),
        ("start", "added", "minor"),
    ]


def test_a_merge_stands_for_what_it_brought(catalog, rows):
    catalog.git("switch", "--quiet", "--create", "side")
    change(catalog, "one of the branch", STYLE, "brief", "kind")
    change(catalog, "two of the branch", STYLE, "kind", "good")
    catalog.git("switch", "--quiet", "main")
    change(catalog, "meanwhile", SCHEMA, "100", "200")
    catalog.git("merge", "--quiet", "--no-ff", "--message", "merged", "side")

    assert rows(catalog, "codes") == [
        ("merged", ["CHG301"]),
        ("meanwhile", ["CHG113"]),
        ("start", ["CHG502"]),
    ]


def test_the_first_release_that_holds_a_commit_is_named(catalog, rows):
    catalog.git("tag", "--annotate", "--message", "v1.0.0", "v1.0.0")
    catalog.git("tag", "light")
    catalog.git("switch", "--quiet", "--create", "side")
    change(catalog, "of the branch", STYLE, "brief", "kind")
    catalog.git("switch", "--quiet", "main")
    catalog.git("merge", "--quiet", "--no-ff", "--message", "merged", "side")
    change(catalog, "released", STYLE, "kind", "good")
    change(catalog, "another file", "README.md")
    for name in ("v1.1.0", "v2.0.0", "not-a-release"):
        catalog.git("tag", "--annotate", "--message", name, name)
    change(catalog, "not yet", STYLE, "good", "best")
    catalog.git("tag", "v3.0.0")

    assert rows(catalog, "release") == [
        ("not yet", None),
        ("released", "v1.1.0"),
        ("merged", "v1.1.0"),
        ("start", "v1.0.0"),
    ]


def test_it_goes_back_from_a_revision_and_so_far(catalog, rows):
    for word in ("kind", "good", "best"):
        change(catalog, word, STYLE, "brief.", f"brief. {word}")
    catalog.git("tag", "here", "HEAD~1")

    found = rows(catalog, options=("ask", "--at", "here", "-n", "2"))

    assert found == [("good",), ("kind",)]


def test_a_long_history_is_asked_for_in_parts(catalog, rows, monkeypatch):
    monkeypatch.setattr("promptops.commands.log.log.COMMITS_PER_PAGE", 2)
    for word in ("one", "two", "three", "four"):
        change(catalog, word, STYLE, "brief.", f"brief. {word}")

    assert [subject for (subject,) in rows(catalog)] == ["four", "three", "two", "one", "start"]


def test_what_could_not_be_read_is_told_and_passed(catalog, rows, log):
    change(catalog, "broken prompt", ASK, "messages:", "messages: [")
    change(catalog, "mended prompt", ASK, "messages: [", "messages:")
    change(catalog, "broken configuration", CONFIG, "[models", "[[[models")
    change(catalog, "mended configuration", CONFIG, "[[[models", "[models")

    code, out, err = log(catalog, "ask")

    assert [line.rpartition(": ")[2] for line in out.splitlines() if line[0] != " "] == [
        "mended prompt",
        "broken prompt",
        "start",
    ]
    assert code == 0
    assert err.count("the configuration of the next commit is used instead") == 1


def test_an_id_that_never_was_is_wrong_usage(catalog, log):
    catalog.write({"prompts/new.prompt.yaml": PROMPT})

    assert log(catalog, "aks") == (
        2,
        "",
        "error: no prompt matches 'aks'\n  tip: did you mean `ask`?\n",
    )
    assert log(catalog, "new") == (
        2,
        "",
        "error: no prompt matches 'new'\n  tip: it is not committed yet\n",
    )
    assert log(catalog)[0] == 2


def test_a_shallow_clone_says_that_it_ends(catalog, log, tmp_path):
    change(catalog, "two", STYLE, "brief", "kind")
    change(catalog, "three", STYLE, "kind", "good")
    clone = catalog.__class__(tmp_path / "clone")
    source = f"file://{catalog.root}"
    subprocess.run(["git", "clone", "-q", "--depth=2", source, str(clone.root)], check=True)

    code, out, err = log(clone, "ask", "--format", "json")

    value = json.loads(out)
    assert (code, value["shallow"]) == (0, True)
    assert [each["subject"] for each in value["entries"]] == ["three"]
    assert err.startswith("older history is missing: this clone is shallow, fetch the rest: ")


def test_settings_of_the_user_change_nothing(catalog, rows):
    change(catalog, "two", STYLE, "brief", "kind")
    for name, value in {
        "log.showRoot": "false",
        "log.showSignature": "true",
        "log.follow": "true",
        "diff.renames": "copies",
        "color.ui": "always",
        "format.pretty": "oneline",
    }.items():
        catalog.git("config", name, value)

    assert rows(catalog) == [("two",), ("start",)]


def test_the_words_of_strangers_are_shown_and_never_obeyed(catalog, log, monkeypatch):
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Eve\x1b[31m")
    change(catalog, "\x1b[2Jgone \u202e##[error]", STYLE, "brief", "kind")

    _, out, _ = log(catalog, "ask", "-n", "1")

    assert out.splitlines()[0].endswith(
        "minor  unreleased  Eve\\x1b[31m: \\x1b[2Jgone \\u202e#\\x23[error]"
    )


def test_it_reads_well(catalog, log):
    catalog.git("tag", "--annotate", "--message", "v1.0.0", "v1.0.0")
    commit = change(catalog, "shorter", STYLE, "brief", "kind")
    first = catalog.git("rev-parse", "v1.0.0^{commit}")

    assert log(catalog, "ask") == (
        0,
        f"{commit[:12]}  2026-01-01  minor  unreleased  Ada Author: shorter\n"
        "  CHG301  the system text differs in the only case\n"
        f"  through {STYLE}\n"
        f"{first[:12]}  2026-01-01  minor  v1.0.0      Ada Author: start\n"
        "  CHG502  the prompt was added\n",
        "",
    )


def test_a_clean_work_tree_and_a_bare_repository_tell_the_same(catalog, log, tmp_path):
    change(catalog, "two", STYLE, "brief", "kind")
    bare = catalog.__class__(tmp_path / "bare.git")
    catalog.git("clone", "--quiet", "--bare", str(catalog.root), str(bare.root))
    catalog.write({STYLE: "not committed\n"})

    assert log(bare, "ask") == log(catalog, "ask")
