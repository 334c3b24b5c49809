"""Threads, forks, event loops, and programs that end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Barrier, Event

import promptops
from tests.runtime.loading.conftest import ROOT
from tests.runtime.loading.site import Site
from tests.runtime.loading.site_server import FAULTS, ServedSite
from tests.runtime.loading.state import background
from tests.servers.answers import Answer

HANGS = FAULTS["accepts but never answers"]
PATIENCE_S = 60
HANGING_S = 40
"""What waits for a server that hangs takes longer: a load of these tests waits for a minute."""


class Program:
    """A program that prints a line when it has loaded, and goes on when it is told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Its exit status."""
        return self._process.wait(PATIENCE_S)


@contextmanager
def started(source: str, *arguments: str) -> Iterator[Program]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", BEGIN + source, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Program(process)
    finally:
        process.kill()
        process.communicate()


BEGIN = """
import os, sys, time
import promptops
from functools import partial

load = partial(promptops.load, "production", source=sys.argv[1], timeout_s=60)
before = load()
print("loaded", flush=True)
sys.stdin.readline()
"""


def test_many_threads_ask_once(server: ServedSite) -> None:
    server.answering.faults = {"channels/production.json": Answer(after_s=0.1)}
    barrier = Barrier(64)

    def load(_: int) -> promptops.Bundle:
        barrier.wait()
        return promptops.load("production", source=server.address, timeout_s=PATIENCE_S)

    with ThreadPoolExecutor(64) as pool:
        loaded = set(map(id, pool.map(load, range(64))))

    assert len(loaded) == 1
    assert server.asked == ["channels/production.json", "bundles/v1.1.0.jsonl"]


def test_many_threads_refresh_once_and_none_waits(server: ServedSite) -> None:
    before = promptops.load("production", source=server.address)
    server.answering.fault = HANGS
    barrier = Barrier(64)

    def load(_: int) -> tuple[bool, bool]:
        barrier.wait()
        loaded = promptops.load(
            "production", source=server.address, refresh_s=0, timeout_s=PATIENCE_S
        )
        return loaded is before, loaded.stale

    with ThreadPoolExecutor(64) as pool:
        loaded = set(pool.map(load, range(64)))

    (refreshing,) = background()  # it hangs, and nobody waited for it
    assert loaded == {(True, False)}
    while server.asked.count("channels/production.json") < 2:
        assert refreshing.is_alive()
        Event().wait(0.01)
    server.cut_until_settled()
    assert server.asked.count("channels/production.json") == 2


FORK = """
pid = os.fork()
status = 1
try:
    assert load() is before
    ends_at = time.monotonic() + 60
    while load().release == "v1.1.0" and time.monotonic() < ends_at:
        load(refresh_s=0)
    assert load().release == "v1.0.0", load()
    assert promptops.load("v1.1.0", source=sys.argv[1], timeout_s=60).digest == before.digest
    assert before["greet"].render(name="Ada").messages[0]["content"] == "Good day Ada."
    status = 0
finally:
    if pid == 0:
        os._exit(status)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


def test_after_a_fork_both_go_on_and_refresh(server: ServedSite, site: Site) -> None:
    with started(FORK, server.address) as program:
        program.line()
        site.channel("production", "1.0.0", 4)
        program.go_on()

        assert (program.line(), program.end()) == ("0", 0)


FORK_WHILE_ASKING = """
import warnings
from promptops import api

warnings.simplefilter("ignore")  # that threads and forks go badly together is why this is tried
load(refresh_s=0)
(snapshot,) = api._LOADED.values()
with snapshot._lock:
    pid = os.fork()
if pid == 0:
    load(refresh_s=0)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


def test_a_fork_while_another_thread_asks_does_not_hang(server: ServedSite) -> None:
    with started(FORK_WHILE_ASKING, server.address) as program:
        program.line()
        server.answering.fault = HANGS
        program.go_on()

        assert (program.line(), program.end()) == ("0", 0)


EXIT = """
assert load(refresh_s=0) is before
print("asking", flush=True)
"""


def test_a_program_ends_at_once_while_a_refresh_hangs(server: ServedSite) -> None:
    with started(EXIT, server.address) as program:
        program.line()
        server.answering.fault = HANGS
        program.go_on()
        program.line()
        began = time.monotonic()

        assert program.end() == 0

        assert time.monotonic() - began < HANGING_S


EXIT_OF_A_LOOP = """
import asyncio

async def main():
    waiting = asyncio.create_task(promptops.aload("v9.9.9", source=sys.argv[1], timeout_s=60))
    await asyncio.sleep(0)  # it begins
    print("asking", flush=True)

asyncio.run(main())
"""


def test_an_event_loop_ends_at_once_while_something_loads(server: ServedSite) -> None:
    with started(EXIT_OF_A_LOOP, server.address) as program:
        program.line()
        server.answering.fault = HANGS
        program.go_on()
        program.line()
        began = time.monotonic()

        assert program.end() == 0

        assert time.monotonic() - began < HANGING_S


def test_other_tasks_go_on_while_one_loads(server: ServedSite) -> None:
    server.answering.faults = {"channels/production.json": HANGS}

    async def main() -> tuple[bool, promptops.Bundle]:
        loading = asyncio.create_task(promptops.aload("production", source=server.address))
        while not server.asked:  # another task, which goes on
            await asyncio.sleep(0.01)
        waits = not loading.done()
        server.answering.faults = {}
        server.cut()
        with suppress(promptops.TransportError):  # what was cut
            await loading
        return waits, await promptops.aload("production", source=server.address, refresh_s=0)

    waits, loaded = asyncio.run(main())

    assert (waits, loaded.release) == (True, "v1.1.0")


def test_what_is_loaded_comes_back_without_a_turn_of_the_loop(server: ServedSite) -> None:
    before = promptops.load("production", source=server.address)

    loading = promptops.aload("production", source=server.address)

    try:
        loading.send(None)
    except StopIteration as done:
        assert done.value is before  # noqa: PT017  # what a coroutine returns
    else:
        raise AssertionError("it waited")


def test_many_tasks_get_one_snapshot_and_errors_arrive(server: ServedSite) -> None:
    async def main() -> list[promptops.Bundle | BaseException]:
        refs = ("production",) * 20 + ("v9.9.9",)
        loads = (promptops.aload(ref, source=server.address, timeout_s=PATIENCE_S) for ref in refs)
        return await asyncio.gather(*loads, return_exceptions=True)

    *loaded, failed = asyncio.run(main())

    assert len(set(map(id, loaded))) == 1
    assert isinstance(failed, promptops.NotFound)


def test_a_task_that_is_cancelled_stops_waiting(server: ServedSite) -> None:
    server.answering.fault = HANGS

    async def main() -> bool:
        loading = asyncio.create_task(
            promptops.aload("production", source=server.address, timeout_s=60)
        )
        while not server.asked:
            await asyncio.sleep(0.01)
        loading.cancel()
        await asyncio.wait([loading], timeout=PATIENCE_S)
        return loading.cancelled()

    began = time.monotonic()

    assert asyncio.run(main())
    assert time.monotonic() - began < HANGING_S
