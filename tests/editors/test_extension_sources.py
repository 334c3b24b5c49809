"""The sources of the VS Code extension: their own tests, what is packaged, what the page names."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from promptops.workspace.new_files import template
from tests.docs.pages import blocks
from tests.editors.code_server import EXTENSION

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "editors.md"
PACKAGE = json.loads((EXTENSION / "package.json").read_text("utf-8"))


@pytest.mark.slow
@pytest.mark.vscode
@pytest.mark.xdist_group("vscode")
@pytest.mark.skipif(not (EXTENSION / "node_modules").is_dir(), reason="no npm ci in editors/vscode")
def test_the_tests_of_the_extension_pass():
    command = ["npm", "test", "--silent"]

    done = subprocess.run(command, cwd=EXTENSION, capture_output=True, text=True, check=False)

    assert (done.returncode, "# fail 0" in done.stdout) == (0, True), done.stdout + done.stderr


def test_the_lock_file_names_no_registry():
    lock = json.loads((EXTENSION / "package-lock.json").read_text("utf-8"))

    assert [name for name, each in lock["packages"].items() if "resolved" in each] == []


def test_the_license_of_the_extension_is_that_of_promptops():
    assert (EXTENSION / "LICENSE").read_text("utf-8") == (ROOT / "LICENSE").read_text("utf-8")


def test_what_the_page_shares_with_the_workbench_needs_no_package():
    waiting = sorted((EXTENSION / "page").glob("*.ts"))
    packages, seen = set(), set()
    while waiting:
        file = waiting.pop().resolve()
        names = [] if file in seen else re.findall(r' from "([^"]+)"', file.read_text("utf-8"))
        seen.add(file)
        packages.update(name for name in names if not name.startswith("."))
        waiting += [file.parent / f"{name}.ts" for name in names if name.startswith(".")]

    shared = {file.name for file in seen if file.is_relative_to(ROOT / "ui" / "src")}
    assert packages == set()
    assert {"input_form.ts", "answer_marks.ts", "words.ts", "types.ts"} <= shared


def test_the_page_names_every_setting_and_command_of_the_extension():
    contributes = PACKAGE["contributes"]
    titles = {f"{each['category']}: {each['title']}" for each in contributes["commands"]}
    vscode = PAGE.read_text("utf-8").partition("## VS Code")[2].partition("\n## ")[0]

    named = re.findall(r"(?m)^\| `([^`]+)` \|", vscode)

    assert set(named) == {*contributes["configuration"]["properties"], *titles}


def test_the_settings_on_the_page_are_those_that_init_writes():
    shown = [block.body for block in blocks(PAGE) if block.language in ("json", "toml")]

    assert template("helix-languages.toml") in shown
    assert template("zed-settings.json") in shown
    assert [tomllib.loads(each) if each[0] == "[" else json.loads(each) for each in shown]
