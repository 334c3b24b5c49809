"""Nothing outside the root is read: what stands there shows in no output and in no cache."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tiers import fast_spread

CANARY = "canary-4b1d93"
PATH = "prompts/bad.prompt.yaml"
HEAD = 'format: promptops/1\ndescription: d.\nowners: ["@a/b"]\n'
CASE = "tests:\n  - name: one\n    rendered: [{type: message-count, value: 1}]\n"
HELLO = "messages:\n  - {role: user, content: hello}\n"
CONTENTS = {
    "canary.txt": f"{CANARY}\n",
    "canary.j2": f"{CANARY} {{{{ {CANARY.replace('-', '_')} }}}}\n",
    "canary.json": json.dumps(
        {"name": CANARY, "description": CANARY, "const": CANARY, "x": CANARY}
    ),
    "canary.prompt.yaml": f"{HEAD}title: {CANARY}\nmessages: [{{role: user, content: {CANARY}}}]\n",
    "canary.jsonl": f'{{"name": "{CANARY}", "inputs": {{"{CANARY}": "{CANARY}"}}}}\n',
    "canary.png": CANARY,
    "canary.yaml": f"production: {CANARY}\n",
    "canary.toml": f'"{CANARY}" = 1\n',
}


def message(content: str) -> str:
    return f"{HEAD}messages:\n  - role: user\n    content: {content}\n{CASE}"


def naming(target: str) -> dict[str, str]:
    """From what a prompt file may name to a file that names `target` so."""
    return {
        "include": message(f"'{{% include \"{target}.j2\" %}}'"),
        "import": message(f"'{{% import \"{target}.j2\" as m %}}{{{{ m }}}}'"),
        "template-extends": message(f"'{{% extends \"{target}.j2\" %}}'"),
        "body": message(f"{{file: {target}.txt}}"),
        "media": message(f"[{{image: {{file: {target}.png}}}}]"),
        "extends": f"format: promptops/1\nextends: {target}.prompt.yaml\n",
        "input-schema": f"{HEAD}inputs: {{properties: {{a: {{$ref: {target}.json}}}}}}\n{HELLO}{CASE}",
        "output-schema": f"{HEAD}output: {{format: json, schema: {{$ref: {target}.json}}}}\n{HELLO}",
        "tool": f"{HEAD}tools: [{{ref: {target}.json}}]\n{HELLO}{CASE}",
        "cases": f"{HEAD}{HELLO}tests:\n  - {{file: {target}.jsonl}}\n",
    }


COMMANDS = (
    ("check",),
    ("render", "bad", "--annotate", "--format", "json"),
    ("lint", "--no-cache"),
    ("lint", "--format", "json"),
    ("lint", "--staged"),
    ("lint", "--fix", "--diff"),
    ("check", "--format", "json"),
    ("list", "--format", "json"),
    ("render", "bad"),
    ("render", "bad", "--resolved", "--format", "json"),
)
"""The first two are those of the fast tier."""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of canaries beside the repository."""
    folder = tmp_path / "outside"
    folder.mkdir()
    for name, content in CONTENTS.items():
        (folder / name).write_text(content)
    return folder


@pytest.fixture
def nothing_leaks(
    repo: Any, command: Callable[..., Any], every_command: bool
) -> Callable[[], None]:
    """Runs the commands; the canary is neither in what they print nor in what they store."""

    def judge() -> None:
        for arguments in COMMANDS if every_command else COMMANDS[:2]:
            assert CANARY not in command(*arguments).said, arguments
        for folder in (repo.root / ".git" / "promptops",):
            for kept in folder.rglob("*") if folder.exists() else ():
                assert kept.is_dir() or CANARY.encode() not in kept.read_bytes(), kept

    return judge


WRITTEN = (
    "../../outside/canary",
    "../outside/canary",
    "./../../outside/canary",
    "partials/../../../outside/canary",
    "{outside}/canary",
    "file://{outside}/canary",
    "/{outside}/canary",
    "..\\\\..\\\\outside\\\\canary",
)


@pytest.mark.parametrize("written", fast_spread(WRITTEN, 3))
@pytest.mark.parametrize("sort", naming(""))
def test_a_path_that_leads_out_is_not_followed(
    sort: str, written: str, repo: Any, outside: Path, nothing_leaks: Callable[[], None]
) -> None:
    repo.write({PATH: naming(written.format(outside=outside))[sort]})
    repo.git("add", "--all")

    nothing_leaks()


@pytest.mark.parametrize("sort", naming(""))
def test_a_link_in_a_files_place_is_not_followed(
    sort: str, repo: Any, outside: Path, nothing_leaks: Callable[[], None]
) -> None:
    repo.write({PATH: naming("canary")[sort]})
    for folder in ("prompts", "schemas"):
        (repo.root / folder).mkdir(exist_ok=True)
        for name in CONTENTS:
            (repo.root / folder / name).symlink_to(outside / name)
    repo.git("add", "--all")

    nothing_leaks()


@pytest.mark.parametrize("sort", naming(""))
def test_a_folder_that_is_a_link_is_not_entered(
    sort: str, repo: Any, outside: Path, nothing_leaks: Callable[[], None]
) -> None:
    repo.write({PATH: naming("inner/canary")[sort]})
    for folder in ("prompts", "schemas"):
        (repo.root / folder).mkdir(exist_ok=True)
        (repo.root / folder / "inner").symlink_to(outside)
    repo.git("add", "--all")

    nothing_leaks()


@pytest.mark.parametrize("sort", naming(""))
def test_a_tracked_folder_that_became_a_link_is_not_entered(
    sort: str, repo: Any, outside: Path, nothing_leaks: Callable[[], None]
) -> None:
    repo.write({PATH: naming("inner/canary")[sort]})
    for folder in ("prompts", "schemas"):
        repo.write({f"{folder}/inner/{name}": "x\n" for name in CONTENTS})
    repo.commit("one")
    for folder in ("prompts", "schemas"):
        inner = repo.root / folder / "inner"
        inner.rename(repo.root / f"{folder}-before")
        inner.symlink_to(outside)

    nothing_leaks()


@pytest.mark.parametrize("tracked", [True, False])
def test_a_prompt_root_that_is_a_link_or_lies_behind_one_is_not_entered(
    tracked: bool, repo: Any, outside: Path, nothing_leaks: Callable[[], None]
) -> None:
    (outside / "prompts").mkdir()
    (outside / "prompts" / "bad.prompt.yaml").write_text(CONTENTS["canary.prompt.yaml"])
    repo.write({"promptops.toml": 'prompts = ["linked", "deep/linked/prompts", "prompts"]\n'})
    if tracked:
        repo.write({f"{root}/bad.prompt.yaml": message("x") for root in ("linked",)})
        repo.write({"deep/linked/prompts/bad.prompt.yaml": message("x")})
        repo.commit("one")
        (repo.root / "linked").rename(repo.root / "before")
        (repo.root / "deep").rename(repo.root / "before-too")
    (repo.root / "deep").mkdir()
    (repo.root / "deep/linked").symlink_to(outside)
    (repo.root / "linked").symlink_to(outside / "prompts")

    nothing_leaks()


@pytest.mark.parametrize("name", ["promptops.toml", "channels.yaml", "promptops-baseline.json"])
def test_a_link_in_the_place_of_a_setting_is_not_followed(
    name: str, repo: Any, outside: Path, nothing_leaks: Callable[[], None]
) -> None:
    repo.write({PATH: message("hello")})
    (repo.root / name).symlink_to(outside / f"canary{Path(name).suffix}")
    repo.git("add", "--all")

    nothing_leaks()


@pytest.mark.parametrize("written", ["../outside/canary.json", "{outside}/canary.json"])
def test_a_baseline_outside_is_neither_read_nor_written(
    written: str, repo: Any, outside: Path, command: Callable[..., Any]
) -> None:
    path = written.format(outside=outside)
    repo.write({PATH: message("hello"), "promptops.toml": f'[lint]\nbaseline = "{path}"\n'})
    repo.git("add", "--all")

    assert command("lint").code == 3
    assert command("lint", "--write-baseline").code == 3
    assert (outside / "canary.json").read_text() == CONTENTS["canary.json"]


def test_a_baseline_that_is_a_link_is_not_written_through(
    repo: Any, outside: Path, command: Callable[..., Any]
) -> None:
    repo.write({PATH: message("hello {{ nobody }}")})
    (repo.root / "promptops-baseline.json").symlink_to(outside / "canary.json")

    command("lint", "--write-baseline")

    assert (outside / "canary.json").read_text() == CONTENTS["canary.json"]


def test_fixing_writes_through_no_link(
    repo: Any, outside: Path, command: Callable[..., Any]
) -> None:
    mendable = message("hello").replace("description", "descripton")
    (outside / "mend.prompt.yaml").write_text(mendable)
    (repo.root / "prompts").mkdir()
    (repo.root / PATH).symlink_to(outside / "mend.prompt.yaml")
    (repo.root / "prompts/inner").symlink_to(outside)

    command("lint", "--fix", "--unsafe-fixes")

    assert (outside / "mend.prompt.yaml").read_text() == mendable
