"""Test cases with assertions that the answer is JSON and contains a word: the wall time of whole
processes, and the largest resident size. Live runs call one server on loopback that answers each
request after 50 ms."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from arms import rows_of_arms
from attacks import rows_of_probes
from cases import make
from environment import PEERS
from mock_server import mock_server
from peers.tickets import MODEL
from recording import asking, record
from scene import Scene
from table import Row, compare
from timing import OURS, Program, Wrong, as_written, prove, run

AT_ONCE = "32"
EVAL = ("eval", "-j", AT_ONCE, "--no-table", "--no-progress-bar", "--no-share", "--no-write")
INSPECT = (
    *("--model", f"openai/{MODEL}", "-M", "responses_api=false"),
    *("--max-connections", AT_ONCE, "--display", "plain"),
)
BARE_STREAM = "bare `OpenAI`, streaming"
FLOOR = "reading both files as JSON"
REPLAY_TIMES = 19
"""For 10,000 cases: 3 s where the floor takes 0.16 s."""
RUN_TIMES = 1.3
"""For `run`: 0.15 s more than the bare script, which took 0.5 s."""
ALONE = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".")
"""pytest without what any project has configured."""


def rows(scene: Scene) -> Iterator[Row]:
    """Asked and replayed, a few cases and many; the engine alone; several models compared."""
    few, many = (_repository(scene, count) for count in scene.sizes.cases)
    with mock_server() as address:
        os.environ |= {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": address}
        ceiling = int(run(scene.environment.script("", "ceiling.py", address).command))
        scene.notes.append(f"The server answers bare sockets {ceiling:,} times a second.")
        yield from _few(scene, few, address)
        yield from _many(scene, many, address)
        yield from _engine(scene, address)
        yield from _first_text(scene, few, address)
    yield from _growth(scene)
    yield from rows_of_arms(scene)
    yield from rows_of_probes(scene)


def _few(scene: Scene, repository: Path, address: str) -> Iterator[Row]:
    count, environment, runs = scene.sizes.cases[0], scene.environment, scene.sizes.long_runs
    what = f"{count} cases, {AT_ONCE} at once, live"
    programs = [
        *_askers(scene, repository, address),
        environment.script(
            "DeepEval, one by one",
            "ask_deepeval.py",
            "tickets.json",
            needs="deepeval",
            says=_passed(count),
        ),
        _pytest(scene, "pytest, asked in a fixture", "together_test.py", count),
        _pytest(scene, "pytest, one by one", "each_test.py", count),
    ]
    yield from compare(what, scene.measure(what, programs, repository, runs), "s", at_most=2.5)
    what = f"{count} cases replayed"
    programs = _replayers(scene, repository)
    yield from compare(what, scene.measure(what, programs, repository), "s", at_most=0.4)


def _many(scene: Scene, repository: Path, address: str) -> Iterator[Row]:
    """The time, and the memory, which has a budget here."""
    count, runs = scene.sizes.cases[1], scene.sizes.long_runs
    ways = {
        f"{count:,} cases, {AT_ONCE} at once, live": _askers(scene, repository, address),
        f"{count:,} cases replayed": _replayers(scene, repository),
    }
    for what, programs in ways.items():
        timings = scene.measure(what, programs, repository, runs)
        yield from compare(what, timings, "s")
        yield from compare(f"peak memory, {what}", timings, "MB", of="memory_mb", at_most=100)


def _askers(scene: Scene, repository: Path, address: str) -> list[Program]:
    """Who asks 32 at once."""
    environment, count = scene.environment, _count(repository)
    ours = ("test", "--live", "-j", AT_ONCE, *asking(address))
    return [
        environment.ours(*ours, says=_all(count)),
        environment.promptfoo("promptfoo", *EVAL, "--no-cache", says=_passed(count)),
        _inspect(scene, repository),
        environment.script(
            "bare `AsyncOpenAI`", "ask_bare.py", "tickets.json", says=_passed(count)
        ),
    ]


def _inspect(scene: Scene, repository: Path) -> Program:
    """It takes no absolute path of a task, and reads files beside the task's."""
    task = os.path.relpath(PEERS / "ask_inspect.py", repository)
    tickets = f"tickets={repository / 'tickets.json'}"
    count = _count(repository)
    scored = rf"(?s){as_written(count)} samples.*accuracy +1\.000\s"
    return scene.environment.tool(
        "inspect-ai", "Inspect", "eval", task, "-T", tickets, *INSPECT, says=scored
    )


def _replayers(scene: Scene, repository: Path) -> list[Program]:
    environment, count = scene.environment, _count(repository)
    all_cached = rf"(?s)\(cached\).*{_passed(count)}"
    cached = environment.promptfoo("promptfoo, from its cache", *EVAL, says=all_cached)
    if environment.has(cached.needs):
        _fill_cache(cached, repository)
    return [environment.ours("test", says=_all(count)), cached, _floor(scene, count)]


def _fill_cache(cached: Program, repository: Path) -> None:
    """What is asked at once is not all kept at once: until all is, or it never will be."""
    for _ in range(10):
        with suppress(Wrong):
            prove(cached, repository)
            return


def _count(repository: Path) -> int:
    return len(json.loads((repository / "tickets.json").read_text()))


def _floor(scene: Scene, count: int) -> Program:
    return scene.environment.script(FLOOR, "parse_json_lines.py", says=f"^{count} cases$")


def _pytest(scene: Scene, name: str, file: str, count: int) -> Program:
    program = scene.environment.script(name, file, needs="pytest", says=_passed(count))
    python, script = program.command
    return replace(program, command=[python, *ALONE, script])


def _all(count: int) -> str:
    """As ours says it."""
    return f"(?m)^pass: {as_written(count)} cases,"


def _passed(count: int) -> str:
    """As pytest, promptfoo and the scripts say it."""
    return f"{as_written(count)} passed"


def _engine(scene: Scene, address: str) -> Iterator[Row]:
    count, turns = scene.sizes.requests, scene.sizes.long_runs
    what = f"{count:,} requests, 64 at once, engine only"
    scene.tell(f"{what}: {turns} times in turns")
    script = scene.environment.script("", "ask_engine.py", address, str(count), str(turns))
    found = json.loads(run(script.command))
    for of, unit in (("wall_s", ""), ("cpu_s", ", CPU")):
        yield Row(
            what=f"{what}{unit}",
            ours=found["engine"][of],
            unit="s",
            beside="bare `AsyncOpenAI`",
            theirs=found["bare"][of],
            at_most_times=1.3,
        )


def _first_text(scene: Scene, repository: Path, address: str) -> Iterator[Row]:
    """From the start of a process to the first text of a streamed answer."""
    environment, what = scene.environment, "`run`, CPU until the first text"
    ours = environment.ours("run", "triage-0", "--case", "ticket 0", *asking(address))
    bare = environment.script(BARE_STREAM, "stream_bare.py", "tickets.json")
    programs = [
        environment.script(each.name, "first_text.py", *each.command, says="(?m)^first text: ")
        for each in (ours, bare)
    ]
    timings = scene.measure(what, programs, repository)
    yield from compare(what, timings, "ms", of="cpu_s", at_most_times={BARE_STREAM: RUN_TIMES})


def _growth(scene: Scene) -> Iterator[Row]:
    """Many more cases replayed; it is linear where four times as many take at most four times."""
    fewer, more = scene.sizes.grown
    small, large = (_repository(scene, count) for count in (fewer, more))
    what = f"{more:,} cases replayed"
    ours = scene.environment.ours("test", says=_all(more))
    beside = f"ours, {fewer:,} cases"
    less = scene.environment.ours("test", "-C", str(small), says=_all(fewer))
    programs = [ours, replace(less, name=beside), _floor(scene, more)]
    timings = scene.measure(what, programs, large, scene.sizes.long_runs)
    known = {name: each for name, each in timings.items() if name != beside}
    yield from compare(what, known, "s", at_most_times={FLOOR: REPLAY_TIMES})
    yield Row(
        what=f"{what}, CPU: linear",
        ours=timings[OURS].cpu_s,
        unit="s",
        beside=beside,
        theirs=timings[beside].cpu_s,
        at_most_times=more / fewer,
    )
    yield from compare(f"peak memory, {what}", known, "MB", of="memory_mb")


def _repository(scene: Scene, count: int) -> Path:
    def made(folder: Path) -> None:
        make(folder, count)
        record(scene.environment, folder, "cases and answers")

    return scene.repository(f"cases-{count}", made)
