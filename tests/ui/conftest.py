"""A browser and a workbench that it uses as a person does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.real_model import Address, missing, real_model
from tests.report.diff.browser import PATIENCE_MS, WIDE, chromium

MAIN = "from promptops.cli.main import main; main()"
SCREENSHOTS = os.environ.get("PROMPTOPS_SCREENSHOTS")  # before tests remove what begins with it
WATCH = """
window.refused = [];
addEventListener("securitypolicyviolation", (event) => {
  refused.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
});
"""
VIOLATIONS = """async () => (await axe.run()).violations.flatMap(
    ({id, nodes}) => nodes.map(({target, html}) => `${id}: ${target} ${html}`))"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="session")
def model() -> Iterator[Address]:
    if reason := missing():
        pytest.skip(reason)
    with real_model() as address:
        yield address


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("browser")) as started:
        yield started


@contextmanager
def served(root: Path, *options: str) -> Iterator[str]:
    """The address of a workbench for a repository."""
    command = [sys.executable, "-c", MAIN, "ui", "--no-open", *options]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            assert address, process.stderr.read() if process.stderr else ""
            yield address
        finally:
            process.terminate()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a workbench in a window; `events` of the page has what should not happen.

    With an address, it is one that the test started.
    """
    with ExitStack() as windows:

        def open_page(root: Path, *options: str, address: str = "", **of_context: Any) -> Any:
            address = address or windows.enter_context(served(root, *options))
            context = browser.new_context(**{"viewport": WIDE, **of_context})
            windows.callback(context.close)
            context.add_init_script(WATCH)
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.events = []
            page.on("console", lambda message: _note(page.events, message.text))
            page.on("pageerror", lambda error: page.events.append(str(error)))
            page.goto(address)
            return page

        yield open_page


def _note(events: list[str], text: str) -> None:
    """Keep what the console shows, without the usual "nothing is recorded"."""
    if "status of 404" not in text and "status of 409" not in text:
        events.append(text)


def barriers(page: Any) -> list[str]:
    """What axe finds on the page as it is now."""
    module = pytest.importorskip("axe_playwright_python", reason="axe is not installed")
    page.evaluate(Path(module.__file__).with_name("axe.min.js").read_text("utf-8"))
    found: list[str] = page.evaluate(VIOLATIONS)
    return found


def shot(page: Any, name: str) -> None:
    """Save the whole page, if PROMPTOPS_SCREENSHOTS names a folder."""
    if SCREENSHOTS:
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=f"{SCREENSHOTS}/{name}.png", full_page=True)


def measured(what: str, milliseconds: float) -> None:
    """Show a time with `pytest -s`; nothing depends on it, because machines are busy."""
    sys.stdout.write(f"{what} after {milliseconds:.0f} ms\n")
