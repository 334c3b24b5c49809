"""Every page of the documentation, followed by copying, from an empty directory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.following import DOCS, follow, matches
from tests.docs.pages import SHOWN, TYPED, Command, blocks, commands, page_before
from tests.tiers import fast_only

WRITTEN = {
    page.relative_to(DOCS).as_posix(): page
    for page in sorted(DOCS.rglob("*.md"))
    if DOCS / "reference" not in page.parents
} | {"../README.md": DOCS.parent / "README.md"}
FOLLOWED = {
    name: page
    for name, page in WRITTEN.items()
    if any(block.language in TYPED for block in blocks(page))
}
IN_PROCESSES = ("adding-a-provider.md", "adding-an-assertion.md", "writing-rules.md", "hooks.md")
"""Python must start with the plug-ins of the page, or shows how it starts.

The commands of the other pages run in forks of one process (`fork_server`).
"""

WITH_A_MODEL = "guides/production.md"
"""Followed by `test_production_guide.py`."""

LEFT_OUT = {
    "../README.md": ["docs/start.md shows the setup", "there is no network"],
    "ci.md": [
        "it needs GitHub",
        "it needs GitHub",
        "it needs GitLab",
        "there is no network",
        "the tests of CI run it",
    ],
    "drift.md": ["there is no remote"],
    "editors.md": ["there is no network", "there is no network"],
    "exit-codes-and-outputs.md": ["jq may not be there", "jq may not be there"],
    "export.md": ["there is no network"],
    "guides/production.md": ["there is no network"],
    "cases.md": ["it needs a model"],
    "probe-library.md": ["it needs reports of other tools"],
    "publishing.md": ["it runs in a clone of promptops"],
    "recordings.md": ["it calls a model", "it calls a provider with a key"],
    "replay.md": ["it needs a key", "it serves until Ctrl-C"],
    "score-at-scale.md": ["it needs a cluster"],
    "security.md": ["it takes an hour"],
    "start.md": ["there is no network"],
    "ui.md": ["there is no network", "it serves until Ctrl-C"],
    "writing-rules.md": ["it takes half a minute"],
}
INSTEAD = {
    "../README.md": [
        "followed as: git init -q -b main your-repository && cd your-repository && "
        'promptops init --hooks && git add -A && git commit -qm "Prompts as code"',
    ],
    "guides/production.md": ["followed as: true"],
    "import.md": ['followed as: sed -i \'s/"openai"/"echo"/; /^api_key_env/d\' promptops.toml'],
    "adding-a-provider.md": [
        "followed as: export PYTHONPATH=$PWD:$PYTHONPATH && rm -r ~/site/acme_provider*"
    ],
    "adding-an-assertion.md": ["followed as: export PYTHONPATH=$PWD:$PYTHONPATH"],
    "writing-rules.md": ["followed as: export PYTHONPATH=$PWD:$PYTHONPATH"],
}


@pytest.mark.parametrize(
    "name", fast_only([n for n in FOLLOWED if n != WITH_A_MODEL], ["../README.md", "start.md"])
)
def test_a_page_is_followed_by_copying(name, tmp_path, command):
    if "pip install -q ./acme" in FOLLOWED[name].read_text("utf-8"):
        pytest.importorskip("hatchling", reason="no hatchling: pip install '.[dev]'")
    folders = [] if name in IN_PROCESSES else [str(Path(command).parent)]
    folders += [str(Path(sys.executable).parent), os.environ["PATH"]]

    home = tmp_path / "home"

    differences = follow(FOLLOWED[name], home, {"PATH": os.pathsep.join(folders)})

    assert not differences, "\n\n".join(
        [*map(str, differences), f"python -m tests.docs.following --write docs/{name}"]
    )
    assert committed_reports(home / "work") == []


def committed_reports(folder: Path) -> list[str]:
    """The reports that a reader committed by `git add .`, in `folder` and the folders in it."""
    repositories = [each for each in (folder, *folder.iterdir()) if (each / ".git").exists()]
    listed = [
        subprocess.run(
            ["git", "-C", str(each), "ls-files", "*.html", "promptops-report.*"],
            capture_output=True,
            check=True,
            text=True,
        ).stdout.splitlines()
        for each in repositories
        if each.name != "promptops"
    ]
    return [name for names in listed for name in names]


def test_what_is_not_followed_says_why_and_is_known():
    left_out = {name: [b.left_out for b in blocks(p) if b.left_out] for name, p in FOLLOWED.items()}
    instead = {
        name: [b.note for b in blocks(p) if b.note.startswith("followed as: ")]
        for name, p in FOLLOWED.items()
    }

    assert {name: reasons for name, reasons in left_out.items() if reasons} == LEFT_OUT
    assert {name: notes for name, notes in instead.items() if notes} == INSTEAD


def test_no_two_pages_share_a_server_or_a_key():
    """A reader follows several pages side by side; `..` is the same folder for all of them."""
    created = [
        match[1]
        for page in FOLLOWED.values()
        for match in re.finditer(r"(?:--bare -b main|ssh-keygen .*-f) (\.\./\S+)", page.read_text())
    ]

    assert len(created) == len(set(created)) == 9, created


@pytest.mark.parametrize("name", FOLLOWED)
def test_every_block_is_typed_saved_or_only_to_be_looked_at(name):
    unknown = [b for b in blocks(WRITTEN[name]) if b.language not in {*TYPED, *SHOWN}]

    assert unknown == []


@pytest.mark.parametrize("name", FOLLOWED)
def test_the_text_names_every_file_that_is_saved(name):
    """A host of git repositories does not show the titles of blocks."""
    text, end, silent = WRITTEN[name].read_text("utf-8"), 0, []

    for block in blocks(WRITTEN[name]):
        if block.title and block.title not in text[end : block.start].rpartition("\n```")[0]:
            silent.append(block.title)
        end = block.start + len(block.body)

    assert silent == []


def test_what_goes_on_from_another_page_says_so():
    before = {name: page_before(page) for name, page in FOLLOWED.items()}

    assert before["lint.md"] == WRITTEN["start.md"]
    assert before["start.md"] is None


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb\n", "a\nb", True),
        ("a\n", "a\nb\n", False),
        ("", "", True),
        ("", "a\n", False),
        ("a … c\n", "a b c\n", True),
        ("a … c\n", "a b\nc\n", False),
        ("…\nc\n", "a\nb\nc\n", True),
        ("…\nc\n", "c\n", True),
        ("a\n…\n", "a\n", True),
        ("a\n…\n", "b\n", False),
        ("a.c\n", "abc\n", False),
        ("a\n\nb\n", "a  \n\nb\n", True),
    ],
)
def test_dots_stand_for_anything_and_nothing_else_does(shown, printed, same):
    assert matches(shown, printed) == same


def test_what_a_reader_types_is_read_as_a_shell_reads_it(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ echo a \\\n  b\na b\n$ true\n```\n\n"
        "```sh\ncat > x <<'EOF'\ny\n\nEOF\nls   # all\n```\n\n"
        "<!-- followed as: true -->\n```sh\nfalse\n```\n"
    )

    assert [[(c.text, c.shown, c.line) for c in commands(block)] for block in blocks(page)] == [
        [("echo a \\\n  b", "a b\n", 2), ("true", "", 5)],
        [("cat > x <<'EOF'\ny\n\nEOF", None, 9), ("ls   # all", None, 13)],
        [("true", None, 18)],
    ]


def test_a_page_that_shows_what_is_not_printed_is_told(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ cd /; (exit 3)\n$ echo $?\n2\n```\n```sh\nfalse\n```\n"
        '```toml title="b/c.toml"\nd\n```\n```console\n$ git log\nnone\n```\n'
    )

    found = follow(page, tmp_path / "home")

    assert [(each.command.text, each.printed.text) for each in found[:2]] == [
        ("echo $?", "3\n"),
        ("false", ""),
    ]
    assert isinstance(found[2].command, Command)


def test_a_reader_has_a_home_of_its_own(tmp_path):
    page = Path(tmp_path / "page.md")
    page.write_text(
        "```console\n$ git config --global user.name\nAda Author\n$ pwd\n…/home/work\n"
        "$ git init -q && git commit -q --allow-empty -m a && git log --format='%h %aI'\n"
        "… 2026-01-05T09:02:00Z\n```\n"
    )

    assert [each.printed.text for each in follow(page, tmp_path / "home")] == []
