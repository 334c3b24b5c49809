"""A real VS Code for tests: code-server, with the extension of this checkout, in a browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VARIABLE = "PROMPTOPS_CODE_SERVER"
"""Names the folder that `editors/vscode/install-code-server.sh` filled."""

EXTENSION = Path(__file__).parents[2] / "editors" / "vscode"
_LISTENING = re.compile(r"HTTP server listening on (http://127\.0\.0\.1:\d+)")
SETTINGS: Mapping[str, Any] = {
    "editor.accessibilitySupport": "off",
    "extensions.ignoreRecommendations": True,
    "files.autoSave": "off",
    "git.enabled": False,
    "remote.autoForwardPorts": False,
    "security.workspace.trust.startupPrompt": "never",
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "workbench.editor.useModal": "off",
    "workbench.startupEditor": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": True,
}


class CodeServer:
    """An installation with folders of its own for settings and extensions."""

    def __init__(self, installed: Path, home: Path) -> None:
        (self._node,) = installed.glob("node_modules/node-*/bin/node")
        self._entry = installed / "node_modules" / "code-server" / "out" / "node" / "entry.js"
        self._home = home
        self._folders = ("--user-data-dir", str(home / "data"))
        self._folders += ("--extensions-dir", str(home / "extensions"))
        settings = home / "data" / "User" / "settings.json"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps(SETTINGS), encoding="utf-8")
        self._of_machine = home / "data" / "Machine" / "settings.json"
        self._of_machine.parent.mkdir()
        self.configure({})

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Write the settings that name programs of the machine; open windows follow them.

        VS Code in a browser reads them from another file than the other settings of the user.
        """
        self._of_machine.write_text(json.dumps(settings), encoding="utf-8")

    def package(self, extension: Path) -> Path:
        """Build the extension from its sources."""
        vsix = self._home / "extension.vsix"
        command = ["npm", "run", "--silent", "package", "--", "--out", str(vsix)]
        path = f"{self._node.parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**self._environment(), "PATH": path}
        subprocess.run(command, cwd=extension, env=environment, check=True, stdout=subprocess.PIPE)
        return vsix

    def install(self, vsix: Path) -> None:
        """Install an extension."""
        command = self._command("--install-extension", str(vsix))
        subprocess.run(command, env=self._environment(), check=True, capture_output=True)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address, once the server listens."""
        options = ("--bind-addr=127.0.0.1:0", "--auth=none", "--disable-telemetry")
        command = self._command(*options, "--disable-update-check", "--disable-proxy")
        with subprocess.Popen(
            command,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as server:
            assert server.stdout is not None
            try:
                lines = iter(server.stdout.readline, "")
                yield next(found[1] for found in map(_LISTENING.search, lines) if found)
            finally:
                server.terminate()

    def _command(self, *arguments: str) -> list[str]:
        return [str(self._node), str(self._entry), *self._folders, *arguments]

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HOME": str(self._home),
            "XDG_CONFIG_HOME": str(self._home / "config"),
        }
