"""The extension in a real VS Code: what an author sees while editing a prompt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from promptops.jobs.setup.init import set_up
from tests.editors.code_server import EXTENSION, VARIABLE, CodeServer
from tests.editors.workbench import Workbench
from tests.report.diff.browser import WIDE, chromium

INSTALLED = os.environ.get(VARIABLE)  # before tests remove what begins with PROMPTOPS_
MISSING = f"no VS Code: editors/vscode/install-code-server.sh DIR, and {VARIABLE}=DIR"
PROMPT = "prompts/example/summary.prompt.yaml"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.vscode,
    pytest.mark.xdist_group("vscode"),
    pytest.mark.skipif(INSTALLED is None, reason=MISSING),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A VS Code with the extension of this checkout."""
    folder = tmp_path_factory.mktemp("vscode")
    server = CodeServer(Path(INSTALLED), folder)
    server.install(server.package(EXTENSION))
    with server.serving() as served:
        yield served


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture
def workbench(address, browser, repo):
    """A window with a repository whose example prompt has a misspelt input."""
    set_up(repo.root, hooks=False)
    repo.commit("Prompts as code")
    prompt = repo.root / PROMPT
    prompt.write_text(prompt.read_text("utf-8").replace("{{ article }}", "{{ articel }}"))
    program = repo.root / ".venv" / "bin" / "promptops"
    program.parent.mkdir(parents=True)
    program.symlink_to(Path(sys.executable).with_name("promptops"))
    context = browser.new_context(viewport=WIDE)
    window = Workbench(context.new_page())
    window.visit(address, repo.root)
    yield window
    context.close()


def test_a_misspelt_input_is_underlined_and_explained(workbench):
    workbench.open(PROMPT)

    workbench.run("View: Focus Problems")
    row = workbench.row("articel", where=".markers-panel")

    shown(workbench, "problem")
    assert "`articel` is not an input" in row.inner_text()


def test_an_untrusted_workspace_starts_no_program_of_its_own_until_it_is_trusted(workbench):
    pass


def shown(workbench, name):
    folder = os.environ.get("KEEP_SCREENSHOTS")
    if folder:
        workbench.page.screenshot(path=f"{folder}/{name}.png")
