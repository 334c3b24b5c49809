"""Where a session's answers come from."""

from __future__ import annotations

import pytest

from promptops.jobs.testing.answering import Mode
from promptops.untrusted import IS_SET, is_untrusted


def mode_of(config: pytest.Config) -> Mode:
    """As the options say; raises pytest's UsageError where nobody may be asked."""
    asking: list[Mode] = []
    if config.getoption("--promptops-record"):
        asking.append("record")
    if config.getoption("--promptops-live"):
        asking.append("live")
    if not asking:
        return "replay"
    option = f"--promptops-{asking[0]}"
    if len(asking) > 1:
        raise pytest.UsageError(f"{option} and --promptops-{asking[1]} exclude each other")
    if is_untrusted():
        raise pytest.UsageError(f"{option}: no API calls for an untrusted change: {IS_SET}")
    if config.getoption("dist", "no") != "no":
        # A server's limits hold for all requests, and only one process can pace them.
        raise pytest.UsageError(f"{option} calls models from one process only\n  tip: use -n 0")
    return asking[0]
