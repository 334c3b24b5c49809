"""The extension in a real VS Code: what an author sees while editing a prompt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from promptops.commands.init.init import set_up
from tests.editors.code_server import EXTENSION, VARIABLE, CodeServer
from tests.editors.workbench import Workbench
from tests.report.diff.browser import WIDE, chromium
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server
from tests.servers.plans import always

INSTALLED = os.environ.get(VARIABLE)  # before tests remove what begins with PROMPTOPS_
MISSING = f"no VS Code: see editors/vscode in CONTRIBUTING.md, and {VARIABLE}"
PROMPT = "prompts/example/summary.prompt.yaml"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.vscode,
    pytest.mark.xdist_group("vscode"),
    pytest.mark.skipif(not (INSTALLED and (EXTENSION / "node_modules").is_dir()), reason=MISSING),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A VS Code with the extension of this checkout."""
    server = CodeServer(Path(INSTALLED), tmp_path_factory.mktemp("vscode"))
    server.install(server.package(EXTENSION))
    return server


@pytest.fixture(scope="module")
def address(server):
    with server.serving() as served:
        yield served


@pytest.fixture
def configured(server):
    """Write the user's setting `promptops.command`."""
    yield lambda *words: server.configure({"promptops.command": words})
    server.configure({})


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


def test_an_author_sees_and_fixes_a_problem_after_trusting_the_workspace(workbench, repo):
    workbench.open(PROMPT)
    offer = "promptops is installed in this workspace, and starts when you trust"
    workbench.notified(offer, button="Manage Workspace Trust")
    workbench.shot("untrusted")

    workbench.press("Trust")
    workbench.open(PROMPT, line=36, column=12)
    workbench.run("View: Focus Problems")
    problem = workbench.row("articel", where=".markers-panel").inner_text().splitlines()
    workbench.shot("problem")
    workbench.open(PROMPT, line=36, column=12)
    workbench.offer("Control+Period", "Add the input `articel`", where=".action-widget").click()
    workbench.gone("`articel` is not an input")
    workbench.shot("fixed")
    workbench.save()
    inputs = yaml.safe_load((repo.root / PROMPT).read_text("utf-8"))["inputs"]

    assert problem == [
        "`articel` is not an input",
        "promptops",
        "VAR001",
        "[Ln 36, Col 10]",
        "did you mean `article`?",
    ]
    assert (inputs["required"], list(inputs["properties"])) == (
        ["articel", "article"],
        ["articel", "article", "audience"],
    )


@pytest.fixture
def launcher(tmp_path):
    """A program outside of the workspace that runs promptops, and where it was started."""
    started, program = tmp_path / "started", tmp_path / "bin" / "promptops"
    program.parent.mkdir()
    promptops = Path(sys.executable).with_name("promptops")
    program.write_text(f'#!/bin/sh\npwd > "{started}"\nexec "{promptops}" lsp\n', "utf-8")
    program.chmod(0o755)
    return program, started


def test_a_configured_launcher_of_projects_waits_for_trust(configured, launcher, workbench, repo):
    program, started = launcher
    configured(str(program), "run", "promptops")
    workbench.open(PROMPT)
    offer = "promptops.command of your settings starts when you trust the workspace"
    workbench.notified(offer, button="Manage Workspace Trust")
    early = started.exists()

    workbench.press("Trust")
    workbench.open(PROMPT)
    workbench.run("View: Focus Problems")
    workbench.row("articel", where=".markers-panel")

    assert (early, started.read_text("utf-8")) == (False, f"{repo.root}\n")


def test_promptops_outside_of_an_untrusted_workspace_starts_outside_of_it(
    configured, launcher, workbench
):
    program, started = launcher
    configured(str(program))
    workbench.open(PROMPT)
    workbench.run("View: Focus Problems")
    workbench.row("articel", where=".markers-panel")

    assert started.read_text("utf-8") == f"{program.parent}\n"


def test_what_only_promptops_knows_is_completed(workbench):
    workbench.trust()
    workbench.open(PROMPT)
    workbench.replace(line=36, column=10, old="articel", new="aud")
    workbench.offer("Control+Space", "audience", where=".suggest-widget")
    workbench.shot("completion")

    workbench.page.keyboard.press("Enter")

    workbench.line("{{ audience }}")


def test_the_preview_follows_edits_shows_any_case_and_leads_to_the_source(workbench):
    workbench.trust()
    workbench.open(PROMPT, line=48, column=5)
    preview = workbench.preview()

    workbench.press("render", nth=1)
    preview.get_by_text("`articel` is undefined").wait_for()
    workbench.shot("preview-error")
    workbench.replace(line=36, column=10, old="articel", new="article")
    preview.locator("section").get_by_text("The slew bearing shows 2 mm of play.").wait_for()
    head = preview.locator("header").inner_text().splitlines()
    rendered = "\n".join(preview.locator("section").all_inner_texts()).splitlines()
    workbench.shot("preview")
    preview.locator(".cases select").select_option("newcomers get terms explained")
    preview.locator("section").get_by_text("The harbour closes on Friday").click()
    workbench.shown("Ln 36, Col 17 (7 selected)")
    workbench.shot("preview-source")

    assert [line for line in head if line] == ["summary.prompt.yaml", "60 tokens · $0.000045"]
    assert [line.strip() for line in rendered if line] == [
        "system",
        "You summarize articles in three sentences at most.",
        "Write short sentences and plain words, the most useful fact first.",
        "Say what the source leaves open instead of guessing.",
        "Use technical terms; your reader knows them.",
        "user",
        "<article>",
        "The slew bearing shows 2 mm of play.",
        "</article>",
    ]


PROFILE = """
[models.local]
provider = "openai"
id = "m-1"
base_url = "{}"
price = {{input = 1.0, output = 2.0}}
max_output_tokens = 50
"""


@pytest.fixture
def model(repo):
    """A model on this machine, which the default branch names."""
    with fault_server(always(Answer(says="The gate is closed."))) as server:
        yield lambda: configure(repo, PROFILE.format(server.base_url))


def configure(repo, profile):
    config = repo.root / "promptops.toml"
    repo.write({"promptops.toml": config.read_text("utf-8") + profile})
    repo.git("add", ".")
    repo.commit("A model on this machine")


def test_own_words_are_rendered_answered_and_kept_as_a_case(workbench, repo, model):
    model()
    workbench.trust()
    workbench.open(PROMPT, line=48, column=5)
    workbench.replace(line=36, column=10, old="articel", new="article")
    workbench.press("render", nth=0)
    preview = workbench.preview()

    preview.get_by_label("article", exact=True).fill("The gate closes.\nAt noon.")
    preview.locator("section").get_by_text("The gate closes.").wait_for()
    workbench.shot("form")
    preview.get_by_label("Model", exact=True).select_option("local")
    preview.get_by_role("button", name="Call the model").click()
    preview.get_by_text("live", exact=False).last.wait_for()
    answer = preview.locator(".text").last.inner_text()
    workbench.shot("answer")
    preview.get_by_label("Name of the new case").fill("a gate")
    preview.get_by_label("What the answer must contain").fill("closed")
    preview.get_by_role("button", name="Keep as a case").click()
    workbench.line("name: a gate")
    workbench.shot("kept")
    workbench.save()
    tests = yaml.safe_load((repo.root / PROMPT).read_text("utf-8"))["tests"]

    assert answer == "The gate is closed."
    assert tests[-1] == {
        "name": "a gate",
        "inputs": {"article": "The gate closes.\nAt noon."},
        "rendered": [{"type": "message-count", "value": 2}],
        "output": [{"type": "contains", "value": "closed"}],
    }


MARKED = """(mark) => [...document.querySelectorAll(".view-line span")].some(
  (span) => getComputedStyle(span, "::after").content.includes(mark))"""
SAY = "prompts/say.prompt.yaml"
SAYS = """\
format: promptops/1
description: Say it.
model: {profile: local}
messages:
  - {role: user, content: Is the gate open?}
tests:
  - name: closed
    output:
      - {type: contains, value: closed}
      - {type: contains, value: open, score: openness}
"""


def test_a_recorded_answer_is_shown_with_its_assertions_at_their_text(workbench, repo, model):
    repo.write({SAY: SAYS})
    model()
    promptops = Path(sys.executable).with_name("promptops")
    recording = [promptops, "test", "-C", repo.root, "say", "--record"]
    subprocess.run(recording, check=True, capture_output=True)
    workbench.trust()
    workbench.open(SAY)

    workbench.press("run (recorded)")
    preview = workbench.preview()
    preview.get_by_text("local · recorded").wait_for()
    results = preview.locator(".assertions li").all_inner_texts()
    workbench.shot("recorded")

    assert [result.partition(":")[0] for result in results] == ["✓ passed", "✗ failed"]
    for mark in ("✓ passed", "✗ expected `open` in the answer"):
        workbench.page.wait_for_function(MARKED, arg=mark)


def test_all_cases_of_a_prompt_run_in_the_testing_view(workbench):
    workbench.trust()
    workbench.open(PROMPT, line=36, column=10)
    workbench.replace(line=36, column=10, old="articel", new="article")

    workbench.run("promptops: Run All Cases of This Prompt")
    workbench.page.get_by_label("example/summary (Passed").first.wait_for()
    workbench.shot("testing")


def test_a_prompt_is_found_by_its_id(workbench):
    workbench.trust()
    workbench.open(PROMPT)
    workbench.run("promptops: Go to Prompt")
    workbench.page.locator(".quick-input-widget input").fill("#exsum")

    workbench.row("example/summary", where=".quick-input-list")
