"""Test cases of prompts as pytest items: `pytest --promptops`.

pytest imports this module in every run in an environment with this package, so it imports no other
module and collects nothing unless an option requests it.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plug-in."""
    group = parser.getgroup("promptops", "prompts as code in git")
    for option, text in _OPTIONS.items():
        group.addoption(option, action="store_true", help=text)
    parser.addini("promptops", "Collect prompt files in every run.", type="bool", default=False)


_OPTIONS = {
    "--promptops": "Collect prompt files: each case is a test, replayed from its recording.",
    "--promptops-record": "The same, but call the model for missing recordings, and record them.",
    "--promptops-live": "The same, but call the model for every case, and record nothing.",
}


def pytest_configure(config: pytest.Config) -> None:
    """Collect prompts in this run if an option requests it."""
    options = [option for option in _OPTIONS if config.getoption(option)]
    if options or config.getini("promptops"):
        from promptops.pytest_plugin.prompts import Prompts, mode_of

        config.pluginmanager.register(Prompts(mode_of(config)), "promptops of this session")
