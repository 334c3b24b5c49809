"""`promptops init --agents`: where the skill is written, and what AGENTS.md gets."""

from __future__ import annotations

import json
import os
import pty
import sys
from pathlib import Path

import pytest

from promptops.commands.init.agents import set_up_agents
from promptops.workspace.new_files import template
from tests.output_schemas import validate

SKILL = template("skill.md")
PLACE = ".agents/skills/promptops/SKILL.md"
PARAGRAPH = template("agents.md", skill=PLACE)
MENTIONED = "it mentions promptops already; this would name the skill"
DIFFERS = "it differs from the one of this version of promptops; remove it to get that one"


def steps(repo, *, confirmed=True):
    result = set_up_agents(repo.root, lambda path, text: confirmed)
    return [(step.action, step.path, step.note) for step in result.steps]


def test_the_skill_is_what_the_specification_of_skills_asks_for(repo):
    validator = pytest.importorskip("skills_ref", reason="no skills-ref: pip install '.[dev]'")
    set_up_agents(repo.root, lambda path, text: True)

    assert validator.validate((repo.root / PLACE).parent) == []
    assert len(SKILL.splitlines()) <= 150


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        ({}, ".agents"),
        ({"AGENTS.md": "# Agents\n"}, ".agents"),
        ({".agents/notes.md": ""}, ".agents"),
        ({".github/workflows/ci.yml": ""}, ".agents"),
        ({".github/copilot-instructions.md": ""}, ".github"),
        ({".github/skills/review/SKILL.md": ""}, ".github"),
        ({".claude/settings.json": "{}"}, ".claude"),
        ({"CLAUDE.md": "# Claude\n"}, ".claude"),
        ({".claude/settings.json": "{}", ".agents/skills/review/SKILL.md": ""}, ".claude"),
        ({".claude/settings.json": "{}", PLACE: SKILL}, ".agents"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else value,
)
def test_one_skill_is_in_the_folder_that_an_agent_of_the_repository_reads(repo, files, folder):
    repo.write(files)

    set_up_agents(repo.root, lambda path, text: True)

    found = list(repo.root.rglob("promptops/SKILL.md"))
    assert found == [repo.root / folder / "skills/promptops/SKILL.md"]
    assert found[0].read_text("utf-8") == SKILL


@pytest.mark.parametrize(
    ("before", "after", "action", "note"),
    [
        (b"", PARAGRAPH.encode(), "added", ""),
        (b"# Agents\n", f"# Agents\n\n{PARAGRAPH}".encode(), "added", ""),
        (b"# Agents\n\n\n", f"# Agents\n\n{PARAGRAPH}".encode(), "added", ""),
        (
            b"# Agents\r\nBe kind.",
            f"# Agents\nBe kind.\n\n{PARAGRAPH}".replace("\n", "\r\n").encode(),
            "added",
            "",
        ),
        (b"We use PromptOps.\n", b"We use PromptOps.\n", "kept", MENTIONED),
        (b"\xff\xfe", b"\xff\xfe", "kept", "not UTF-8; add this to it"),
    ],
    ids=["empty", "a heading", "blank lines", "of Windows", "a paragraph of its own", "not UTF-8"],
)
def test_the_file_for_agents_gets_one_paragraph_once(repo, before, after, action, note):
    repo.write({"AGENTS.md": before})

    first = steps(repo)
    again = steps(repo)

    assert first == [("wrote", PLACE, ""), (action, "AGENTS.md", note)]
    assert again[0] == ("kept", PLACE, "it exists already")
    assert again[1] == ("kept", "AGENTS.md", note or "it names the skill already")
    assert (repo.root / "AGENTS.md").read_bytes() == after


def test_the_paragraph_is_not_added_without_a_yes(repo):
    repo.write({"AGENTS.md": "# Agents\n"})

    assert steps(repo, confirmed=False)[1] == ("skipped", "AGENTS.md", "not confirmed")
    assert (repo.root / "AGENTS.md").read_text() == "# Agents\n"


@pytest.mark.parametrize(("answer", "action"), [("", "added"), ("n", "skipped")])
def test_on_a_terminal_the_paragraph_is_shown_and_asked_for(repo, say, monkeypatch, answer, action):
    repo.write({"AGENTS.md": "# Agents\n"})
    leader, follower = pty.openpty()
    os.write(leader, f"{answer}\n".encode())
    with open(follower, encoding="utf-8") as typed, open(os.dup(follower), "w") as screen:
        monkeypatch.setattr(sys, "stdin", typed)
        monkeypatch.setattr(sys, "stderr", screen)
        done = say("init", "--agents", "--format", "json", "-C", str(repo.root))
        shown = ""
        while "[Y/n]: " not in shown:
            shown += os.read(leader, 4096).decode().replace("\r\n", "\n")
    os.close(leader)

    assert f"to be added to AGENTS.md:\n\n{PARAGRAPH}" in shown
    assert "Add it to AGENTS.md? [Y/n]: " in shown
    assert [step["action"] for step in json.loads(done.out)["steps"]] == ["wrote", action]


def test_a_link_for_agents_is_left_alone_and_the_paragraph_is_shown(repo, tmp_path):
    (tmp_path / "elsewhere.md").write_text("# Agents\n")
    (repo.root / "AGENTS.md").symlink_to(tmp_path / "elsewhere.md")

    kept = set_up_agents(repo.root, lambda path, text: True).steps[1]

    note = "a symbolic link, whose target promptops does not change; add this to it"
    assert (kept.action, kept.note, kept.snippet) == ("kept", note, PARAGRAPH)
    assert (tmp_path / "elsewhere.md").read_text() == "# Agents\n"


@pytest.mark.parametrize("link", [".claude", ".claude/skills", ".claude/skills/promptops"])
def test_a_folder_that_is_a_link_out_of_the_repository_is_refused(repo, say, tmp_path, link):
    outside = tmp_path / "outside"
    outside.mkdir()
    repo.write({"AGENTS.md": "# Agents\n"})
    (repo.root / link).parent.mkdir(parents=True, exist_ok=True)
    (repo.root / link).symlink_to(outside)

    done = say("init", "--agents", "-C", str(repo.root))

    assert (done.code, done.out) == (
        3,
        "failed .claude/skills/promptops/SKILL.md: a symbolic link points outside the repository\n"
        "next, when that is fixed: promptops init --agents\n",
    )
    assert list(outside.iterdir()) == []
    assert (repo.root / "AGENTS.md").read_text() == "# Agents\n"


def test_a_folder_that_is_a_link_to_another_one_in_the_repository_is_resolved(repo):
    repo.write({".agents/skills/review/SKILL.md": "", ".claude/settings.json": "{}"})
    (repo.root / ".claude/skills").symlink_to("../.agents/skills")

    result = set_up_agents(repo.root, lambda path, text: True)

    assert [(step.action, step.path) for step in result.steps] == [("wrote", PLACE)]
    assert result.next == f"git add {PLACE}"


@pytest.mark.parametrize("link", [False, True], ids=["file", "link"])
def test_a_skill_that_was_edited_is_never_overwritten(repo, tmp_path, link):
    mine = tmp_path / "mine.md" if link else repo.root / PLACE
    (repo.root / PLACE).parent.mkdir(parents=True)
    mine.write_text("mine")
    if link:
        (repo.root / PLACE).symlink_to(mine)

    assert steps(repo) == [("kept", PLACE, DIFFERS)]
    assert mine.read_text() == "mine"


def test_a_skill_that_git_ignores_is_reported(repo):
    repo.write({".gitignore": ".claude/\n", ".claude/settings.json": "{}"})

    assert steps(repo) == [
        (
            "wrote",
            ".claude/skills/promptops/SKILL.md",
            "git ignores it: `git check-ignore -v` shows the line; or use `git add --force`",
        )
    ]


def test_alone_it_writes_nothing_else_and_with_others_it_is_the_last(repo, say):
    alone = say("init", "--agents", "-C", str(repo.root), "--format", "json")

    assert [
        path for path in repo.root.rglob("*") if path.is_file() and ".git/" not in str(path)
    ] == [repo.root / PLACE]
    validate("init", json.loads(alone.out))

    both = json.loads(
        say("init", "--hooks", "--agents", "-C", str(repo.root), "--format", "json").out
    )

    assert [step["path"] for step in both["steps"]][-1] == PLACE
    assert len(both["steps"]) == 10
    assert both["next"] == "promptops lint"


def test_a_bare_repository_has_no_place_for_a_skill(repo, say, tmp_path):
    bare = tmp_path / "bare.git"
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(bare))

    assert say("init", "--agents", "-C", str(bare)).code == 4
    assert not Path(bare, ".agents").exists()
