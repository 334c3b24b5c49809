"""Test cases of prompts as pytest items, and recorded answers for an application's own tests.

pytest imports this module in every run in an environment with this package, so it imports no other
module and collects nothing unless an option or a test requests it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from promptops.replay.server import Replay


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plug-in."""
    group = parser.getgroup("promptops", "prompts as code in git")
    for option, text in _OPTIONS.items():
        group.addoption(option, action="store_true", help=text)
    parser.addini("promptops", "Collect prompt files in every run.", type="bool", default=False)


_OPTIONS = {
    "--promptops": "Collect prompt files: each case is a test, replayed from its recording.",
    "--promptops-record": "The same, but call the model for missing recordings, and record them,"
    " also those of tests with the fixture promptops_replay.",
    "--promptops-live": "The same, but call the model for every case, and record nothing.",
}
_MARKER = (
    "promptops_replay(recordings=PATH): the file with the recordings of the test, relative to"
    " pytest's root directory."
)


def pytest_configure(config: pytest.Config) -> None:
    """Collect prompts in this run if an option requests it."""
    config.addinivalue_line("markers", _MARKER)
    options = [option for option in _OPTIONS if config.getoption(option)]
    if options or config.getini("promptops"):
        from promptops.pytest_plugin.prompts import Prompts, mode_of

        config.pluginmanager.register(Prompts(mode_of(config)), "promptops of this session")


@pytest.fixture
def promptops_replay(request: pytest.FixtureRequest) -> Iterator[Replay]:
    """Answers model requests from recordings, also those of the subprocesses of a test.

    OPENAI_BASE_URL, ANTHROPIC_BASE_URL and GOOGLE_GEMINI_BASE_URL name a server on loopback. A
    request without a recording fails the test, even if the application ignores the error.
    `fail`, `delay` and `cut_stream` play faults; `requests` has what was received.
    """
    from promptops.pytest_plugin.application import replayed

    yield from replayed(request)
