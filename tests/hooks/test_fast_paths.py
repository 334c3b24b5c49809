"""The fast paths of a commit hook print and exit as the general ones do, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.tiers import fast_spread

ROOT = Path(__file__).parents[2]
TRIAGE = "prompts/support/triage.prompt.yaml"
STYLE = "prompts/partials/style.md.j2"
LINES = (("lint", "--staged"), ("lint", "--fix", "--staged"))

START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import promptops.cli.main as main; "
FAST = f"{START} main.main()"
GENERAL = (
    f"{START} main.HOOK_LINES = {{}};"  # neither the check for an idle commit, nor without click
    "import promptops.source.references as references; references.is_plain_schema = lambda _: 0;"
    "main.main()"
)

Change = Callable[[Any], Mapping[str, str] | None]
"""Changes a repository, and may return variables of the environment."""


def staged(files: Mapping[str, str | bytes]) -> Change:
    """These files, staged."""

    def change(repo: Any) -> None:
        repo.write(files)
        repo.git("add", "--all")

    return change


def edited(path: str, old: str, new: str) -> Change:
    """A file with one text replaced, staged."""

    def change(repo: Any) -> None:
        text = (repo.root / path).read_text("utf-8")
        assert old in text
        repo.write({path: text.replace(old, new)})
        repo.git("add", path)

    return change


def other_index(repo: Any) -> Mapping[str, str]:
    """As in `git commit PATH`: what is committed stands in another index."""
    edited(TRIAGE, "{{ ticket }}", "{{ tikcet }}")(repo)
    index = str(repo.root / "other-index")
    (repo.root / ".git" / "index").rename(index)
    repo.git("read-tree", "HEAD")
    return {"GIT_INDEX_FILE": index}


def other_directory(repo: Any) -> Mapping[str, str]:
    edited(TRIAGE, "{{ ticket }}", "{{ tikcet }}")(repo)
    return {"GIT_DIR": ".git", "GIT_WORK_TREE": "."}


def configured(name: str, value: str) -> Change:
    """A repository with a setting of git's, and a mistake."""

    def change(repo: Any) -> None:
        repo.git("config", name, value)
        edited(TRIAGE, "{{ ticket }}", "{{ tikcet }}")(repo)

    return change


def split_index(repo: Any) -> None:
    repo.git("update-index", "--split-index")
    edited(TRIAGE, "{{ ticket }}", "{{ tikcet }}")(repo)


def sparse(repo: Any) -> None:
    edited(TRIAGE, "{{ ticket }}", "{{ tikcet }}")(repo)
    repo.git("sparse-checkout", "set", "docs")


def conflict(repo: Any) -> None:
    repo.git("checkout", "--quiet", "-b", "other")
    edited(TRIAGE, "You sort", "You file")(repo)
    repo.commit("other")
    repo.git("checkout", "--quiet", "main")
    edited(TRIAGE, "You sort", "You order")(repo)
    repo.commit("main")
    subprocess.run(["git", "merge", "other"], cwd=repo.root, capture_output=True, check=False)


def corrupt_cache(repo: Any) -> None:
    edited(TRIAGE, "{{ ticket }}", "{{ tikcet }}")(repo)
    folder = repo.root / ".git" / "promptops"
    folder.mkdir(exist_ok=True)
    (folder / "graph").write_bytes(b"\x80\x00graph of another version\n\xff")


CHANGES: Mapping[str, Change] = {
    "nothing": lambda repo: None,
    "a clean change": edited(TRIAGE, "You sort", "You order"),
    "a misspelt variable": edited(TRIAGE, "{{ ticket }}", "{{ tikcet }}"),
    "a misspelt key": edited(TRIAGE, "description: Sort", "descripton: Sort"),
    "a value of the wrong type": edited(TRIAGE, "max_output_tokens: 200", "max_output_tokens: a"),
    "a number that is too large": edited(TRIAGE, "maxLength: 800", f"maxLength: {2**70}"),
    "a schema that is none": edited(TRIAGE, "type: string, maxLength: 800", "type: text"),
    "a schema that is not plain": edited(TRIAGE, "maxLength: 800", "pattern: '(', maxLength: 800"),
    "an input that does not fit": edited(TRIAGE, "urgency: 4", "urgency: 9"),
    "half a template": edited(TRIAGE, "{{ ticket }}", "{{ ticket }"),
    "no YAML": staged({TRIAGE: "a: [\n"}),
    "an empty file": staged({TRIAGE: ""}),
    "no UTF-8": staged({TRIAGE: b"\xff\xfe"}),
    "a wrong configuration": staged({"promptops.toml": 'prompts = 3\n[models.fast]\nid = ""\n'}),
    "no TOML": staged({"promptops.toml": "prompts = ["}),
    "a name with a newline": staged({"prompts/a\nb.prompt.yaml": "format: promptops/1\n"}),
    "a name that is no UTF-8": lambda repo: (
        Path(os.fsdecode(os.fsencode(repo.root) + b"/prompts/\xff.prompt.yaml")).write_text("a: 1"),
        repo.git("add", "--all"),
        None,
    )[-1],
    "a deleted partial": lambda repo: repo.git("rm", "--quiet", STYLE) and None,
    "an alias": staged({TRIAGE: "format: promptops/1\na: &a [1]\nb: *a\n"}),
    "another index": other_index,
    "another directory": other_directory,
    "a split index": split_index,
    "a sparse checkout": sparse,
    "a file system monitor": configured("core.fsmonitor", "/bin/true"),
    "a conflict": conflict,
    "a corrupt cache": corrupt_cache,
}


def outcome(
    repo: Any, script: str, line: tuple[str, ...], environment: Mapping[str, str]
) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [sys.executable, "-c", script, *line],
        cwd=repo.root,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("change", fast_spread(CHANGES.values(), 6), ids=CHANGES)
def test_both_ways_are_the_same(catalog: Any, change: Change) -> None:
    environment = change(catalog) or {}

    fast, general = (outcome(catalog, script, LINES[0], environment) for script in (FAST, GENERAL))

    assert fast == general


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_both_ways_of_fixing_are_the_same(catalog: Any, change: Change) -> None:
    environment = change(catalog) or {}
    kept = {path: path.read_bytes() for path in catalog.root.rglob("*") if path.is_file()}

    def fixed(script: str) -> tuple[object, dict[Path, bytes]]:
        for path, content in kept.items():
            if ".git" not in path.parts:
                path.write_bytes(content)
        said = outcome(catalog, script, LINES[1], environment)
        return said, {path: path.read_bytes() for path in kept if ".git" not in path.parts}

    assert fixed(FAST) == fixed(GENERAL)


def test_a_repository_with_sha256_gives_the_same(tmp_path: Path, catalog: Any) -> None:
    files = {
        path.relative_to(catalog.root).as_posix(): path.read_bytes()
        for path in catalog.root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }
    catalog.root = tmp_path / "sha256"
    catalog.root.mkdir()
    catalog.git("init", "--quiet", "--object-format=sha256", "--template=")
    catalog.write(files)
    catalog.commit("one")
    edited(TRIAGE, "{{ ticket }}", "{{ tikcet }}")(catalog)

    fast, general = (outcome(catalog, script, LINES[0], {}) for script in (FAST, GENERAL))

    assert fast == general
    assert b"VAR001" in fast[1]


def test_a_linked_work_tree_gives_the_same(tmp_path: Path, catalog: Any) -> None:
    catalog.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    catalog.root = tmp_path / "linked"
    edited(TRIAGE, "{{ ticket }}", "{{ tikcet }}")(catalog)

    fast, general = (outcome(catalog, script, LINES[0], {}) for script in (FAST, GENERAL))

    assert fast == general
    assert b"VAR001" in fast[1]
