"""Runs a script in Neovim, with the language server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.commands.lsp.editor import SERVER

needs_neovim = pytest.mark.skipif(not shutil.which("nvim"), reason="there is no nvim")


def run_script(name: str, home: Path, *arguments: str | Path) -> dict[str, Any]:
    """The JSON that a script beside this file prints; nothing outside of `home` is used.

    The script gets the arguments, then the command of the server.
    """
    homes = {f"XDG_{each}_HOME": str(home / each) for each in ("CONFIG", "DATA", "STATE")}
    script = Path(__file__).with_name(name)
    done = subprocess.run(
        ["nvim", "--headless", "--clean", "-n", "-l", script, *arguments, *SERVER],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | homes,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
