"""Many requests at a server that allows so many a minute: none lost, and hardly any refused."""

from __future__ import annotations

import pytest

from tests.commands.asked import FILE, ask, files
from tests.servers.fault_server import fault_server
from tests.servers.plans import Quota

WORDS = tuple(f"word{number}" for number in range(500))


@pytest.mark.slow
def test_500_requests_at_3000_a_minute_lose_nothing_and_are_hardly_refused(repo):
    with fault_server(Quota(3000, burst=250)) as server:
        repo.write(files(server.base_url, WORDS))
        repo.commit("one")
        said = ask(repo.root, "test", "--record")

    assert (said.code, said.out) == (0, "pass: 500 cases, 500 assertions (live)\n")
    assert server.statuses[200] == 500
    assert len(server.requests) - 500 == server.statuses[429] < 50
    assert len((repo.root / FILE).read_text().splitlines()) == 500
