"""Whatever a server does: a run ends in time, and says once who got no answer, and why."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.command_line import Said
from tests.commands.asked import FILE, JUDGE, ask, files
from tests.servers.answers import OK, Answer, Ending
from tests.servers.fault_server import fault_server
from tests.servers.plans import Plan, Received, always
from tests.tiers import fast_first

TRIES = 24
"""So many in a row, and a server that never answered is given up."""

SILENT = Answer(ending=Ending.NEVER)
HANGS = {
    "accepts and is silent": SILENT,
    "a byte a second": Answer(byte_every_s=1.0),
    "a body without end": Answer(headers={"content-length": "100000"}),
    "blanks, then a byte a second": Answer(padding=2**22, byte_every_s=1.0),
}
LATE = "no answer within T s"
FAST = "`fast` (ADDRESS)"
UNRESOLVED = "the host is not found"


def within(try_s: float, total_s: float) -> tuple[str, ...]:
    """What bounds a try, and all tries of an answer."""
    settings = (f"test.timeout_s={try_s}", f"test.total_timeout_s={total_s}")
    return tuple(f"--config={each}" for each in settings)


def only_judges(answer: Answer) -> Plan:
    def plan(received: Received) -> Answer:
        return answer if received.json["model"] == JUDGE else OK

    return plan


def unanswered(said: Said) -> Counter[str]:
    """How many cases got no answer, by reason; nothing else is said, but of a score.

    As chance has it, it is the time for a try that is over, or that for all tries.
    """
    found: Counter[str] = Counter()
    out = re.sub(r"\(http://[\w.:]+/v1\)", "(ADDRESS)", said.out)
    *lines, verdict = re.sub(r"within [\d.]+ s", "within T s", out).splitlines()
    lines = [line for line in lines if not line.endswith(": no answer could be scored")]
    for error, cases in zip(lines[::2], lines[1::2], strict=True):
        told = re.fullmatch(r"error: no answer to (\d+) cases?: (.+)", error)
        assert told is not None, said.out
        assert cases.startswith("  ask: "), said.out
        found[told[2]] += int(told[1])
    assert verdict.startswith(f"fail: {found.total()} unanswered of "), said.out
    return found


@pytest.mark.parametrize("hang", fast_first(HANGS, 1))
def test_a_server_that_never_ends_an_answer_is_given_up(repo, hang):
    with fault_server(always(HANGS[hang])) as server:
        repo.write(files(server.base_url, ("alpha", "beta")))
        repo.commit("one")
        for patience in (within(0.3, 0.8), within(3, 8), within(30, 80)):
            said = ask(repo.root, "test", "--record", *patience)
            if server.requests:  # in less time a busy machine may have sent none
                break

    assert (said.code, unanswered(said)) == (5, {f"{FAST} gave no answer: {LATE}": 2})
    assert server.requests
    assert not (repo.root / FILE).exists()


@pytest.mark.parametrize("hang", fast_first(HANGS, 1))
def test_a_judge_that_never_ends_an_answer_is_given_up(repo, say, hang):
    with fault_server(only_judges(HANGS[hang])) as server:
        repo.write(files(server.base_url, ("alpha", "beta")))
        repo.commit("one")
        recorded = say("test", "--record", "-C", str(repo.root))
        repo.write(files(server.base_url, ("alpha", "beta"), judged=True))
        said = ask(repo.root, "test", "--record", *within(0.3, 0.8))

    reason = f"the built-in rubric judge gave no answer: `judge` (ADDRESS): {LATE}"
    assert (recorded.code, said.code, unanswered(said)) == (0, 5, {reason: 2})
    assert len((repo.root / FILE).read_text().splitlines()) == 2


@pytest.mark.parametrize("hang", fast_first(HANGS, 1))
def test_an_audit_that_gets_no_answer_is_given_up(repo, say, hang):
    with fault_server() as server, fault_server(always(HANGS[hang])) as silent:
        repo.write(files(server.base_url, ("alpha", "beta")))
        repo.commit("one")
        recorded = say("test", "--record", "-C", str(repo.root))
        repo.write(files(silent.base_url, ("alpha", "beta")))
        repo.commit("the default branch names the silent server")
        said = ask(repo.root, "recordings", "audit", "-n", "100%", *within(0.3, 0.8))

    reason = f"it could not be requested again: {FAST} gave no answer: {LATE}"
    assert (recorded.code, said.code, unanswered(said)) == (0, 5, {reason: 2})


def test_a_silent_server_is_not_waited_for_by_one_case_after_the_other(repo):
    words = tuple(f"word{number}" for number in range(200))
    with fault_server(always(SILENT)) as server:
        repo.write(files(server.base_url, words))
        repo.commit("one")
        said = ask(repo.root, "test", "--record", *within(0.3, 0.8))

    found = unanswered(said)
    assert (said.code, found) == (5, {f"{FAST} gave no answer: {LATE}": 200})
    assert len(server.requests) <= TRIES + 4  # four were on their way


@contextmanager
def nobody(where: str) -> Iterator[str]:
    """An address at which nobody listens, while it is taken."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # without `listen` nothing connects to it
        yield {
            "a closed port": f"http://127.0.0.1:{bound.getsockname()[1]}/v1",
            "a name of nobody": "http://nobody.invalid/v1",
            "a name too long to be one": f"http://{'a' * 70}.invalid/v1",
        }[where]


@pytest.mark.parametrize(
    ("where", "reason"),
    fast_first(
        [
            ("a closed port", r"connection refused: is the server running\?"),
            ("a name of nobody", UNRESOLVED),
            ("a name too long to be one", UNRESOLVED),
        ],
        1,
    ),
)
def test_where_nobody_is_many_cases_soon_know(repo, where, reason):
    words = tuple(f"word{number}" for number in range(100))
    with nobody(where) as address:
        repo.write(files(address, words))
        repo.commit("one")
        arguments = ("test", "--record", *within(3.0, 1.5))
        said = ask(repo.root, *arguments, RES_OPTIONS="timeout:1 attempts:1")

    found = unanswered(said)
    ((said_once, count),) = found.items()
    assert (said.code, count) == (5, 100)
    assert re.fullmatch(rf"{re.escape(FAST)} gave no answer: {reason}", said_once)
