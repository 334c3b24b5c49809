"""The settings for Neovim on the page about editors, in a real Neovim."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import blocks

PAGE = Path(__file__).parents[2] / "docs" / "editors.md"
PROMPT = """\
format: promptops/1
description: Ask.
messages:
  - role: user
    content: "😀 {{ name }}"
"""
CHECK = """\
vim.wait(120000, function() return #vim.diagnostic.get(0) > 0 end)
local found = {}
for _, each in ipairs(vim.diagnostic.get(0, { severity = vim.diagnostic.severity.ERROR })) do
  table.insert(found, { each.source, each.code, each.lnum, each.col, each.end_col })
end
vim.fn.writefile({ vim.json.encode(found) }, vim.env.FOUND)
vim.cmd("qall!")
"""
TRY = """\
vim.cmd.source(vim.env.COMMAND)
vim.wait(120000, function() return #vim.diagnostic.get(0) > 0 end)
local shown
vim.lsp.handlers["window/showMessage"] = function(_, result) shown = result.message end
vim.cmd([[PromptTry {"name": "Ada"}]])
vim.wait(120000, function() return shown ~= nil end)
vim.fn.writefile({ vim.json.encode({ shown }) }, vim.env.FOUND)
vim.cmd("qall!")
"""
SHORTER = """\
local settings = assert(loadfile(vim.env.SETTINGS))
local config = {}
vim.lsp.config = setmetatable({}, { __call = function(_, name, value) config[name] = value end })
vim.lsp.enable = function(name) config[name].enabled = true end
settings()
vim.fn.writefile({ vim.json.encode(config) }, vim.env.FOUND)
vim.cmd("qall!")
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """The blocks of Lua on the page: for Neovim 0.10, from 0.11 on, and a command."""
    found = [block.body for block in blocks(PAGE) if block.language == "lua"]
    folder = tmp_path_factory.mktemp("settings")
    paths = [folder / name for name in ("first.lua", "second.lua", "command.lua")]
    for path, text in zip(paths, found, strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def run_neovim(tmp_path, *arguments, **environment):
    """What the script wrote to `FOUND`."""
    program = shutil.which("nvim") or pytest.skip("no nvim: apt-get install neovim")
    found = tmp_path / "found.json"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    given = {**environment, "FOUND": str(found), "HOME": str(tmp_path), "PATH": path}
    command = [program, "--headless", "--clean", *map(str, arguments)]
    subprocess.run(command, env=os.environ | given, check=True, capture_output=True, timeout=300)
    return json.loads(found.read_text("utf-8"))


@pytest.mark.slow
def test_the_settings_for_neovim_show_findings(settings, repo, tmp_path):
    repo.write({"promptops.toml": "", "prompts/ask.prompt.yaml": PROMPT})
    check = tmp_path / "check.lua"
    check.write_text(CHECK, encoding="utf-8")

    prompt = repo.root / "prompts" / "ask.prompt.yaml"
    found = run_neovim(tmp_path, "-u", settings[0], prompt, "-S", check)

    assert found == [["promptops", "VAR001", 4, 22, 26]]  # in bytes: the emoji has four


@pytest.mark.slow
def test_the_command_on_the_page_shows_the_request_with_own_words(settings, repo, tmp_path):
    inputs = "inputs: {properties: {name: {type: string}, unused: {type: string}}}\n"
    repo.write({"promptops.toml": "", "prompts/ask.prompt.yaml": PROMPT + inputs})
    script = tmp_path / "try.lua"
    script.write_text(TRY, encoding="utf-8")

    prompt = repo.root / "prompts" / "ask.prompt.yaml"
    found = run_neovim(tmp_path, "-u", settings[0], prompt, "-S", script, COMMAND=str(settings[2]))

    assert found == ["user:\n😀 Ada\n\n3 tokens"]


@pytest.mark.slow
def test_the_shorter_settings_start_the_same_program(settings, tmp_path):
    script = tmp_path / "shorter.lua"
    script.write_text(SHORTER, encoding="utf-8")

    found = run_neovim(tmp_path, "-S", script, SETTINGS=str(settings[1]))

    assert found == {
        "promptops": {
            "cmd": ["promptops", "lsp"],
            "enabled": True,
            "filetypes": ["yaml", "toml", "jinja", "json", "csv"],
            "root_markers": ["promptops.toml"],
            "workspace_required": True,
        }
    }
