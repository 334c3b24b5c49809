"""VS Code in a browser, used as a person does: by keys and by what is shown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

SCREENSHOTS = os.environ.get("PROMPTOPS_SCREENSHOTS")
PATIENCE_MS = 120_000  # a machine that others use is slow


class Workbench:
    """One window.

    Attributes:
        page: Of Playwright.
    """

    def __init__(self, page: Any) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE_MS)

    def visit(self, address: str, folder: Path) -> None:
        """Open a folder."""
        self.page.goto(f"{address}/?folder={folder}")
        self.page.locator(".explorer-folders-view .monaco-list-row").first.wait_for()

    def run(self, command: str) -> None:
        """Run a command of the palette, by its full title."""
        self.page.keyboard.press("F1")
        self._choose(f">{command}", command)

    def open(self, path: str, *, line: int = 1, column: int = 1) -> None:
        """Open a file of the folder with the cursor at a place, 1-based."""
        name = path.rpartition("/")[2]
        self.page.keyboard.press("Control+P")
        self._choose(name, name)
        self.page.locator(f'.tab.active[data-resource-name="{name}"]').wait_for()
        self.go_to(line, column)

    def go_to(self, line: int, column: int) -> None:
        """Move the cursor of the editor."""
        self.page.keyboard.press("Control+G")
        box = self.page.locator(".quick-input-widget input")
        box.fill(f":{line}:{column}")
        self.page.keyboard.press("Enter")
        self.shown(f"Ln {line}, Col {column}")

    def shown(self, text: str, *, where: str = "body") -> None:
        """Wait until a text is shown."""
        self.page.locator(where).get_by_text(text).first.wait_for()

    def gone(self, text: str) -> None:
        """Wait until a text is shown nowhere."""
        self.page.get_by_text(text).first.wait_for(state="hidden")

    def save(self) -> None:
        """Save the file of the editor."""
        self.page.keyboard.press("Control+S")
        self.page.locator(".tab.active:not(.dirty)").wait_for()

    def row(self, text: str, *, where: str) -> Any:
        """The row of a list with this text, once it is shown."""
        found = self.page.locator(f"{where} .monaco-list-row").filter(has_text=text).first
        found.wait_for()
        return found

    def line(self, text: str) -> None:
        """Wait until the editor has a line that contains this text."""
        spaced = text.replace(" ", "\u00a0")
        self.page.locator(".view-line").filter(has_text=spaced).first.wait_for()

    def press(self, title: str, *, nth: int = 0) -> None:
        """Click a button or a code lens, the n-th of those with this title."""
        self.page.get_by_role("button", name=title, exact=True).nth(nth).click()

    def trust(self) -> None:
        """Trust the folder."""
        self.run("Workspaces: Manage Workspace Trust")
        self.press("Trust")
        self.shown("You trust this folder")

    def replace(self, *, line: int, column: int, old: str, new: str) -> None:
        """Type over a text that begins at a place."""
        self.go_to(line, column)
        for _ in old:
            self.page.keyboard.press("Shift+ArrowRight")
        self.page.keyboard.type(new)

    def shot(self, name: str) -> None:
        """Save a screenshot, where the variable `PROMPTOPS_SCREENSHOTS` names a folder."""
        if SCREENSHOTS:
            self.page.screenshot(path=f"{SCREENSHOTS}/{name}.png")

    def preview(self) -> Any:
        """The document inside the panel of the preview."""
        outer = self.page.frame_locator("iframe.webview.ready")
        return outer.frame_locator("iframe#active-frame")

    def _choose(self, typed: str, row: str) -> None:
        box = self.page.locator(".quick-input-widget input")
        box.fill(typed)
        self.row(row, where=".quick-input-list").click()
