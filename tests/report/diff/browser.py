"""A real browser for tests, where one is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 120_000  # a machine that others use is slow
WIDE = {"width": 1280, "height": 900}
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


@contextmanager
def chromium(home: Path) -> Iterator[Any]:
    """Playwright's `Browser`, which writes nowhere but below `home`; skips where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip(f"no browser is installed: {', '.join(_NAMES)}")
    environment = os.environ | {"HOME": str(home), "TMPDIR": str(home)}
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(_ARGUMENTS), env=environment
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visits(browser: Any, folder: Path, write: Callable[[Any], str]) -> Iterator[Callable[..., Any]]:
    """Opens a report's page by file://, with options of the browser's context.

    What the page said, asked for or let happen is in its `events`.
    """
    contexts = []

    def visit(report: Any, address: str = "", **options: Any) -> Any:
        path = folder / "page.html"
        path.write_text(write(report), encoding="utf-8")
        contexts.append(browser.new_context(**{"viewport": WIDE, **options}))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.events = []
        page.on("console", lambda message: page.events.append(message.text))
        page.on("pageerror", lambda error: page.events.append(str(error)))
        page.on("dialog", lambda dialog: (page.events.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: page.events.append(request.url))
        page.goto(path.as_uri() + address)
        page.events.remove(path.as_uri())
        return page

    try:
        yield visit
    finally:
        for context in contexts:
            context.close()
