"""`promptops mv`: what moves, what is updated, and that nothing else changes."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from promptops.cli.main import run
from promptops.commands.mv.plan import (
    alias_edit,
    apply_move,
    moving_workspace,
    plan_move,
    removed_alias,
)
from promptops.errors import PromptopsError
from promptops.repo.repository import Repository
from promptops.source.document import read
from promptops.workspace.edits import apply_edits
from tests.commands.mv.catalog import fill, requests
from tests.output_schemas import validate

NEW = "helpdesk/first"


@pytest.fixture
def repo(prepared, tmp_path):
    return prepared(fill).copied_to(tmp_path / "repo")


def move(repo, old, new):
    with Repository.open(repo.root) as repository:
        opened = moving_workspace(repository)
        plan = plan_move(opened, old, new)
        apply_move(opened, plan)
    return plan


def output(repo, capsys, *arguments):
    code = run([*arguments, "-C", str(repo.root)])
    return code, capsys.readouterr().out


def changed_lines(repo):
    """Of all files, the lines that a commit of everything would remove and add."""
    repo.git("add", "--all")
    text = repo.git("diff", "--cached", "--unified=0", "--find-renames=40%")
    return [line for line in text.split("\n") if re.match(r"[-+](?![-+][-+])", line)]


def test_a_prompt_moves_with_its_files_and_every_reference_follows(repo, capsys):
    before = requests(repo.root)
    tested = output(repo, capsys, "test")

    plan = move(repo, "support/triage", NEW)

    assert changed_lines(repo) == [
        '-per-file-ignores = {"prompts/support/triage.prompt.yaml" = ["STY"],'
        ' "prompts/support/*" = ["MSG"]}',
        '+per-file-ignores = {"prompts/helpdesk/first.prompt.yaml" = ["STY"],'
        ' "prompts/support/*" = ["MSG"]}',
        '-prompts = ["support/triage"]',
        '+prompts = ["helpdesk/first"]',
        "+aliases: [support/triage]",
        "-    content: {file: './triage.system.md.j2'}",
        "+    content: {file: './first.system.md.j2'}",
        '-  retrieve: {docs: "./find.py:find"}',
        '+  retrieve: {docs: "support/find.py:find"}',
        "-  - file: support/triage.cases.jsonl",
        "+  - file: helpdesk/first.cases.jsonl",
        *changed_digest(repo),
        "-extends: ./triage.prompt.yaml",
        "+extends: helpdesk/first.prompt.yaml",
        "-replaced_by: support/triage",
        "+replaced_by: helpdesk/first",
    ]
    assert [file.new for file in plan.files] == [
        "comparisons/strong/helpdesk/first.recordings.jsonl",
        "probes/helpdesk/first.recordings.jsonl",
        "prompts/helpdesk/checks.py",
        "prompts/helpdesk/issue.schema.json",
        "prompts/helpdesk/own.md.j2",
        "prompts/helpdesk/first.cases.jsonl",
        "prompts/helpdesk/first.prompt.yaml",
        "prompts/helpdesk/first.recordings.jsonl",
        "prompts/helpdesk/first.system.md.j2",
    ]
    assert [(str(each.place), each.message) for each in plan.manual] == [
        (".github/CODEOWNERS:2:1", pattern_lost("/prompts/support/", "checks.py")),
        ("promptops.toml:6:69", pattern_lost("prompts/support/*", "checks.py")),
    ]
    before[NEW] = before.pop("support/triage")
    assert requests(repo.root) == before
    assert output(repo, capsys, "lint", "--no-cache") == (0, "")
    code, text = output(repo, capsys, "test")
    assert (code, text.replace(NEW, "support/triage").replace("/first", "/triage")) == tested


def changed_digest(repo):
    """The key of the recorded call, whose function is written differently now."""
    old, new = (
        next(line for line in text.split("\n") if "retrieve docs" in line)
        for text in (
            repo.git("show", "HEAD:prompts/support/triage.recordings.jsonl"),
            (repo.root / "prompts/helpdesk/first.recordings.jsonl").read_text(),
        )
    )
    assert re.sub("[0-9a-f]{64}", "", old) == re.sub("[0-9a-f]{64}", "", new)
    return [f"-{old}", f"+{new}"]


def pattern_lost(pattern, name):
    return f"`{pattern}` does not match the new name `prompts/helpdesk/{name}`"


def test_the_diff_is_minor_and_the_history_follows(repo, capsys):
    move(repo, "support/triage", NEW)
    repo.commit("two")

    found = json.loads(output(repo, capsys, "diff", "HEAD~", "--format", "json")[1])
    code, text = output(repo, capsys, "log", NEW, "--format", "json")

    assert found["bump"] == "minor"
    assert (code, [entry["subject"] for entry in json.loads(text)["entries"]]) == (
        0,
        ["two", "one"],
    )


def test_a_judge_and_a_folder_and_partials_move(repo):
    before = requests(repo.root)

    judge = move(repo, "judges/polite", "graders/kind")
    move(repo, "prompts/support", "desk")
    move(repo, "partials/voice.md.j2", "prompts/common/voice.md.j2")

    assert [each.before for each in judge.edits if each.kind == "recording"] == [
        '"judges/polite"'
    ] * 3
    assert sorted(requests(repo.root).items()) == sorted(
        {
            "desk/triage": before["support/triage"],
            "desk/triage.de": before["support/triage.de"],
            "graders/kind": before["judges/polite"],
        }.items()
    )
    assert (
        '{% from "common/voice.md.j2" import say %}'
        in (repo.root / "prompts/partials/tone.md.j2").read_text()
    )


def test_moving_back_before_a_commit_restores_every_file(repo):
    move(repo, "support/triage", "support/sorting")
    move(repo, "support/sorting", "triage")
    text = (repo.root / "prompts/triage.prompt.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=../.promptops/prompt.schema.json\n")
    move(repo, "triage", "support/triage")

    repo.git("add", "--all")
    names = repo.git("diff", "--cached", "--name-only").split("\n")
    assert names == ["prompts/support/triage.de.prompt.yaml"]


def test_each_committed_name_is_an_alias_and_no_other_name(repo):
    move(repo, "support/triage", "support/sorting")
    plan = move(repo, "support/sorting", "triage")
    once = aliases(repo, "triage")
    repo.commit("rename")
    move(repo, "triage", NEW)
    twice = aliases(repo, NEW)
    repo.commit("rename again")
    move(repo, NEW, "triage")

    assert plan.aliases == ()
    assert once == ["support/triage"]
    assert twice == ["support/triage", "triage"]
    assert aliases(repo, "triage") == ["support/triage", NEW]


def aliases(repo, identity):
    return read("a", (repo.root / f"prompts/{identity}.prompt.yaml").read_bytes()).value["aliases"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "format: promptops/1\naliases: [new]\nmessages: []\n",
            "format: promptops/1\nmessages: []\n",
        ),
        (
            "format: promptops/1\naliases: [a, new, b] # c\n",
            "format: promptops/1\naliases: [a, b] # c\n",
        ),
        ("format: promptops/1\naliases:\n- a\n- new # b\n", "format: promptops/1\naliases:\n- a\n"),
        ("aliases:\n  - new\nformat: promptops/1\n", "format: promptops/1\n"),
        ("{aliases: [new], format: promptops/1}\n", "{aliases: [], format: promptops/1}\n"),
        ("format: promptops/1\naliases: [a]\n", "format: promptops/1\naliases: [a]\n"),
    ],
)
def test_an_alias_that_is_the_new_name_is_removed(before, after):
    edits = removed_alias(read("a.prompt.yaml", before.encode()), "new")

    assert apply_edits(before.encode(), [each.edit for each in edits]).decode() == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "format: promptops/1 # a\nmessages: []\n",
            "format: promptops/1 # a\naliases: [old]\nmessages: []\n",
        ),
        (
            "format: promptops/1\r\ntags:\r\n  - a # b\r\nmessages: []\r\n",
            "format: promptops/1\r\ntags:\r\n  - a # b\r\naliases: [old]\r\nmessages: []\r\n",
        ),
        (
            "format: promptops/1\naliases: [a, b]  # c\n",
            "format: promptops/1\naliases: [a, b, old]  # c\n",
        ),
        (
            "aliases:\n- a\n- b # c\nformat: promptops/1\n",
            "aliases:\n- a\n- b # c\n- old\nformat: promptops/1\n",
        ),
        (
            "aliases:\n    - a\nformat: promptops/1",
            "aliases:\n    - a\n    - old\nformat: promptops/1",
        ),
        ("aliases: []\nformat: promptops/1\n", "aliases: [old]\nformat: promptops/1\n"),
        ("aliases: [new, a]\nformat: promptops/1\n", "aliases: [old, a]\nformat: promptops/1\n"),
        (
            "{format: promptops/1, messages: []}\n",
            "{aliases: [old], format: promptops/1, messages: []}\n",
        ),
    ],
)
def test_the_alias_is_added_in_the_style_of_the_file(before, after):
    data = before.encode()

    edit = alias_edit(read("a.prompt.yaml", data), "old", "new").edit

    assert apply_edits(data, [edit]).decode() == after


REFUSED = Path(__file__).with_name("refused.txt")
GOOD = "format: promptops/1\nmessages: [{role: user, content: a}]\n"


def refusal(repo, old, new):
    """The error in one line, after a check that nothing was written."""
    before = repo.git("status", "--porcelain")
    with pytest.raises(PromptopsError) as raised:
        move(repo, old, new)
    assert repo.git("status", "--porcelain") == before
    return f"{raised.value.message}; {raised.value.hint}"


def test_bad_names_are_refused_and_nothing_changes(repo):
    rows = [line.split(" | ") for line in REFUSED.read_text().splitlines()]

    found = [[old, new, refusal(repo, old.strip(), new.strip())] for old, new, _ in rows]

    assert found == rows


@pytest.mark.parametrize(
    ("path", "text", "old", "message"),
    [
        (
            "prompts/b.prompt.yaml",
            "format: [\n# partials/voice.md.j2\n",
            "partials/voice.md.j2",
            "can't be parsed, and may refer to `prompts/partials/voice.md.j2`; "
            "correct the file first; `promptops lint` shows where",
        ),
        (
            "prompts/partials/e.md.j2",
            '{% include "partials/\\x76oice.md.j2" %}',
            "partials/voice.md.j2",
            "`partials/voice.md.j2` is written in a form that can't be replaced; "
            'write it on one line, without escapes: "partials/voice.md.j2"',
        ),
        (
            "prompts/b.prompt.yaml",
            f"{GOOD}aliases: [support/triage]\n",
            "support/triage",
            "'support/triage' is also an earlier name of 'b'; "
            "remove it from the `aliases` of prompts/b.prompt.yaml first",
        ),
        (
            "prompts/b.prompt.yaml",
            f"{GOOD}aliases: [x]\n",
            "support/triage",
            "'x' is an earlier name of 'b'; "
            "remove it from the `aliases` of prompts/b.prompt.yaml first",
        ),
        (
            "prompts/X.prompt.yaml",
            GOOD,
            "support/triage",
            "the prompt 'X', which differs only in case, exists already; "
            "choose another name, or move prompts/X.prompt.yaml first",
        ),
        (
            "prompts/support/triage.prompt.yaml",
            f"{GOOD}tests: [{{file: ./x.jsonl}}, {{file: ./triage.jsonl}}]\n",
            "support/triage",
            "two files would be named `prompts/x.jsonl`; rename one of them first",
        ),
        (
            ".gitignore",
            "prompts/x*\n",
            "support/triage",
            "git ignores `prompts/x.system.md.j2`; choose another name, or edit .gitignore",
        ),
    ],
)
def test_what_prevents_a_move_is_named_and_nothing_changes(repo, path, text, old, message):
    case = '{"name": "a", "inputs": {}}\n'
    repo.write({path: text, "prompts/support/x.jsonl": case, "prompts/support/triage.jsonl": case})

    assert refusal(repo, old, "x") == message


def test_links_and_conflicts_are_refused(repo):
    (repo.root / "prompts/support/link.md.j2").symlink_to("own.md.j2")

    with pytest.raises(PromptopsError) as raised:
        move(repo, "prompts/support", "desk")

    assert (raised.value.message, raised.value.where) == (
        "a symbolic link can't be moved",
        "prompts/support/link.md.j2",
    )


def test_a_dry_run_prints_valid_json_and_writes_nothing(repo, capsys):
    code, text = output(repo, capsys, "mv", "support/triage", NEW, "--dry-run", "--format", "json")

    found = json.loads(text)
    validate("mv", found)
    assert (code, found["dry_run"], len(found["files"])) == (0, True, 9)
    assert found["aliases"] == [{"prompt": NEW, "alias": "support/triage"}]
    assert repo.git("status", "--porcelain") == ""


def test_a_killed_move_leaves_every_reference_intact_and_can_be_repeated(
    repo, tmp_path, fatal_steps
):
    before = {digest for digests in requests(repo.root).values() for digest in digests}
    done = repo.copied_to(tmp_path / "done")
    steps = killed(done, None)
    tree = done.git("write-tree") if done.git("add", "--all") == "" else ""

    for step in fatal_steps(range(1, steps + 1)):
        copy = repo.copied_to(tmp_path / f"killed-{step}")
        killed(copy, step)

        after = {digest for digests in requests(copy.root).values() for digest in digests}
        assert (step, after) == (step, before)
        if (copy.root / "prompts/support/triage.prompt.yaml").exists():
            move(copy, "support/triage", NEW)
            copy.git("add", "--all")
            assert (step, copy.git("write-tree")) == (step, tree)


def test_temporary_files_of_a_killed_move_are_removed_by_the_next_one(repo):
    folder = repo.root / "prompts/support"
    for name in (".q.cases.jsonl.new", ".q.prompt.yaml.new", ".notes.yaml.new"):
        (folder / name).write_text("half")

    move(repo, "support/triage", NEW)

    assert [path.name for path in folder.glob(".*.new")] == [".notes.yaml.new"]


def killed(repo, step):
    """Move in a child that is killed before a step; without, the number of steps."""
    with Repository.open(repo.root) as repository:
        opened = moving_workspace(repository)
        plan = plan_move(opened, "support/triage", NEW)
        child = os.fork()
        if child == 0:
            count = [0]

            def hook(event, _arguments):
                count[0] += event in ("os.rename", "os.remove")
                if count[0] == step:
                    os._exit(0)

            sys.addaudithook(hook)
            apply_move(opened, plan)
            os._exit(count[0])
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_each_character_of_a_new_name_is_checked(repo):
    repo.write({"prompts/partials/a b.md.j2": "Words.\n"})

    found = refusal(repo, "prompts/partials/a b.md.j2", "prompts/partials/c d'e.md.j2")

    assert found.partition(";")[0] == '"prompts/partials/c d\'e.md.j2" contains "\'"'
