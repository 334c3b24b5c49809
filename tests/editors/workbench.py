"""VS Code in a browser, used as a person does: by keys and by what is shown."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCREENSHOTS = os.environ.get("PROMPTOPS_SCREENSHOTS")
PATIENCE_MS = 120_000  # a machine that others use is slow
AGAIN_MS = 10_000  # VS Code drops keys while it starts, and lists only the commands it has by then


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
        self._choose("F1", f">{command}", command)

    def open(self, path: str, *, line: int = 1, column: int = 1) -> None:
        """Open a file of the folder with the cursor at a place, 1-based."""
        name = path.rpartition("/")[2]
        self._choose("Control+P", name, name)
        self.page.locator(f'.tab.active[data-resource-name="{name}"]').wait_for()
        self.go_to(line, column)

    def go_to(self, line: int, column: int) -> None:
        """Move the cursor of the editor."""

        def move() -> None:
            self._type("Control+G", f":{line}:{column}")
            self.page.keyboard.press("Enter")
            place = self.page.get_by_text(f"Ln {line}, Col {column}").first
            place.wait_for(timeout=AGAIN_MS)

        self._repeated(move)

    def shown(self, text: str, *, where: str = "body") -> None:
        """Wait until a text is shown."""
        self.page.locator(where).get_by_text(text).first.wait_for()

    def gone(self, text: str) -> None:
        """Wait until a text is shown nowhere."""
        self.page.get_by_text(text).first.wait_for(state="hidden")

    def save(self) -> None:
        """Save the file of the editor, which may not have the focus yet."""

        def press() -> None:
            self.page.keyboard.press("Control+S")
            self.page.locator(".tab.active.dirty").wait_for(state="detached", timeout=AGAIN_MS)

        self._repeated(press)

    def offer(self, key: str, text: str, *, where: str) -> Any:
        """The row of the list that a key opens, once the list has it."""
        found = self.page.locator(f"{where} .monaco-list-row").filter(has_text=text).first

        def ask() -> None:
            self.page.keyboard.press(key)
            found.wait_for(timeout=AGAIN_MS)

        self._repeated(ask)
        return found

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

    def notified(self, text: str, *, button: str) -> None:
        """Wait for a notification in the list, where each stays, and press its button."""
        self.run("Notifications: Show Notifications")
        listed = self.row(text, where=".notifications-center")
        listed.get_by_role("button", name=button, exact=True).click()

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

    def _choose(self, key: str, typed: str, row: str) -> None:
        def choose() -> None:
            self._type(key, typed)
            rows = self.page.locator(".quick-input-list .monaco-list-row")
            rows.filter(has_text=row).first.click(timeout=AGAIN_MS)

        self._repeated(choose)

    def _type(self, key: str, typed: str) -> None:
        self.page.keyboard.press(key)
        self.page.locator(".quick-input-widget input").fill(typed, timeout=AGAIN_MS)

    def _repeated(self, action: Callable[[], None]) -> None:
        from playwright.sync_api import TimeoutError as NotYet

        for _ in range(PATIENCE_MS // AGAIN_MS):
            try:
                return action()
            except NotYet as error:
                missing = error
                self.page.keyboard.press("Escape")
        raise missing
