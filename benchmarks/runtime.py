"""The cost for an application, as CPU time, because nothing waits; `build` also as wall time.
Processes run in turns; calls run in batches, in processes that have imported everything, also in
turns. Two messages and six variables are rendered. Ours checks them against their schema and
applies defaults; MLflow, LangChain and Prompty look for missing variables; the others check
nothing. A peer that renders a different text is left out."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bundles import TAG, Bundles, make_bundles
from environment import BARE_PYTHON
from scene import Scene
from table import Row, compare
from timing import OURS, Program, Wrong, run

FIRST_TIMES_BARE = 6.5
"""For loading a bundle in a new process and rendering one prompt."""
BUILD_TIMES_YAML = 2.5
"""Of the time that libyaml takes to parse the same files."""

IMPORTS = {
    "import jinja2": "",
    "import jinja2, jsonschema_rs": "",
    "import langchain_core.prompts": "langchain-core",
    "import prompty": "prompty",
    "import langfuse": "langfuse",
    "import mlflow": "mlflow-skinny",
}
"""What must have been installed for each."""

RENDERERS = {
    OURS: ("promptops", ""),
    "Jinja2": ("jinja2", ""),
    "langfuse": ("langfuse", "langfuse"),
    "MLflow": ("mlflow", "mlflow-skinny"),
    "LangChain": ("langchain", "langchain-core"),
    "Prompty": ("prompty", "prompty"),
}
"""By the name in the table: the end of the script's name, and what must have been installed."""

CALLS: dict[str, tuple[str, float | None, dict[str, float]]] = {
    "plain": ("render, substituting only", None, {"Jinja2": 0.4}),
    "logic": ("render, with a condition and a loop", None, {"Jinja2": 1.7}),
    "warm": ("warm `load`, or what a client gives from its cache", 1e-6, {}),
}
"""By the name in the scripts: as the table says it, and the budget, in seconds or as a multiple of
what a peer takes.
"""

Costs = dict[str, dict[str, float]]
"""Microseconds, by program and by what was measured."""


def rows(scene: Scene) -> Iterator[Row]:
    """Importing, loading, rendering, building."""
    bundles = make_bundles(scene)
    yield from _imports(scene)
    yield from _first_rendering(scene, bundles)
    yield from _cold_load(scene, bundles)
    yield from _calls(scene, bundles)
    yield from _tracing(scene, bundles)
    yield from _build(scene, bundles)


def _imports(scene: Scene) -> Iterator[Row]:
    environment = scene.environment
    first = environment.python("ours, with `load`", "-c", "import promptops; promptops.load")
    peers = [
        environment.python(f"`{line}`", "-c", line, needs=needs) for line, needs in IMPORTS.items()
    ]
    ours = environment.python(OURS, "-c", "import promptops")
    programs = [ours, first, *peers, environment.bare_python()]
    what = "`import promptops`, over bare Python"
    costs = {n: each.cpu_s for n, each in scene.measure(what, programs, scene.folder).items()}
    bare = costs.pop(BARE_PYTHON)
    over = {name: max(cpu_s - bare, 0.0) for name, cpu_s in costs.items()}
    alone, with_load = over.pop(OURS), over.pop(first.name)
    yield from _over_bare(what, alone, over)
    what = "`import promptops; promptops.load`, over bare Python"
    yield from _over_bare(what, with_load, over)


def _over_bare(what: str, ours: float, others: Mapping[str, float]) -> Iterator[Row]:
    for name, theirs in (others or {"": None}).items():
        yield Row(what=what, ours=ours, unit="ms", beside=name, theirs=theirs, at_most=0.025)


def _first_rendering(scene: Scene, bundles: Bundles) -> Iterator[Row]:
    what = f"a process that loads {scene.sizes.loaded:,} prompts and renders one with logic"
    program = (
        f"import promptops\nprompts = promptops.load({TAG!r}, source={str(bundles.many)!r})\n"
        "request = prompts['team-7/ticket-7'].render(ticket='It blinks red.', product='router')\n"
        "print(request.messages)"
    )
    ours = scene.environment.python(OURS, "-c", program, says="It blinks red")
    floor = "import jinja2, jsonschema_rs"
    programs = [
        ours,
        scene.environment.python(f"`{floor}` alone", "-c", floor),
        scene.environment.bare_python(),
    ]
    timings = scene.measure(what, programs, scene.folder)
    times = {BARE_PYTHON: FIRST_TIMES_BARE}
    yield from compare(what, timings, "ms", of="cpu_s", at_most_times=times)


def _cold_load(scene: Scene, bundles: Bundles) -> Iterator[Row]:
    count = scene.sizes.loaded
    script = scene.environment.script
    programs = [
        script(OURS, "load_promptops.py", bundles.many),
        script("one JSON document, `json.loads`", "load_json.py", bundles.document),
        script("a directory of YAML, C loader", "load_yaml.py", bundles.repository / "prompts"),
    ]
    what = f"cold load of a bundle of {count:,} prompts and one rendering"
    costs = _costs(scene, what, _same_work(scene, programs, {"load": [count]}))
    others = {name: us["load"] for name, us in costs.items() if name != OURS}
    yield from _rows(what, costs[OURS]["load"], others, "ms", at_most=0.015)


def _calls(scene: Scene, bundles: Bundles) -> Iterator[Row]:
    programs = [
        scene.environment.script(name, f"render_{script}.py", bundles.few, needs=needs)
        for name, (script, needs) in RENDERERS.items()
    ]
    said = _report(programs[0])["said"]
    costs = _costs(scene, "rendering, warm loading", _same_work(scene, programs, said))
    ours = costs.pop(OURS)
    costs["a dict"] = {"warm": ours.pop("dict")}
    for call, (what, at_most, times) in CALLS.items():
        others = {f"{by}{kind}": us for by, kind, us in _of_call(call, costs)}
        yield from _rows(what, ours[call], others, "µs", at_most=at_most, at_most_times=times)
        if us := ours.get(f"{call}, openai"):
            alone = {"rendering alone": ours[call]}
            yield from _rows(f"{what}, and `.openai()`", us, alone, "µs")


def _tracing(scene: Scene, bundles: Bundles) -> Iterator[Row]:
    what = "`traced` around a call, without OpenTelemetry"
    program = scene.environment.script(OURS, "trace_call.py", bundles.few)
    costs = _costs(scene, what, [program])[OURS]
    yield from _rows(what, costs["traced"], {"an empty `with`": costs["bare"]}, "µs", at_most=2e-6)


def _of_call(call: str, costs: Costs) -> Iterator[tuple[str, str, float]]:
    """By which program, of which kind, for how many microseconds."""
    for program, measured in costs.items():
        for name, us in measured.items():
            if name.partition(",")[0] == call:
                yield program, name.removeprefix(call), us


def _rows(
    what: str,
    ours_us: float,
    others: Mapping[str, float],
    unit: str,
    *,
    at_most: float | None = None,
    at_most_times: Mapping[str, float] = {},
) -> Iterator[Row]:
    """As they are measured, in microseconds; the budget in seconds, or as in `compare`."""
    for beside, us in (others or {"": None}).items():
        theirs = None if us is None else us * 1e-6
        yield Row(
            what=what,
            ours=ours_us * 1e-6,
            unit=unit,
            beside=beside,
            theirs=theirs,
            at_most=at_most,
            at_most_times=at_most_times.get(beside),
        )


def _same_work(
    scene: Scene, programs: Sequence[Program], expected: Mapping[str, Sequence[Any]]
) -> Iterator[Program]:
    """Those that load as many prompts, and render the same texts."""
    for program in programs:
        if not scene.environment.has(program.needs):
            continue
        try:
            other = _other(_report(program)["said"], expected)
        except Wrong as wrong:
            if program.name == OURS:
                raise
            other = str(wrong)
        if other:
            scene.environment.leave_out(f"{program.name}, where its calls are measured", other)
        else:
            yield program


def _other(said: Mapping[str, Sequence[Any]], expected: Mapping[str, Sequence[Any]]) -> str:
    """The first that is not the expected one, but for a newline in the end; "" where all are."""
    for name, found in said.items():
        for each, ours in zip(found, expected[name.partition(",")[0]], strict=True):
            if str(each).rstrip("\n") != str(ours):
                return f"{name}: {each!r} is not {ours!r}"
    return ""


def _costs(scene: Scene, what: str, programs: Iterable[Program]) -> Costs:
    """Medians over processes, in turns."""
    ready, rounds = list(programs), scene.sizes.rounds
    scene.tell(f"{what}: {', '.join(each.name for each in ready)}, {rounds} times in turns")
    measured = [{each.name: _report(each)["us"] for each in ready} for _ in range(rounds)]
    return {
        program: {name: statistics.median(each[program][name] for each in measured) for name in us}
        for program, us in measured[0].items()
    }


def _report(program: Program) -> dict[str, Any]:
    """What one of the scripts prints, see `peers/per_call.py`."""
    found: dict[str, Any] = json.loads(run(program.command))
    return found


def _build(scene: Scene, bundles: Bundles) -> Iterator[Row]:
    what = f"`build {TAG}` of {scene.sizes.loaded:,} prompts"
    environment, repository = scene.environment, bundles.repository
    built = str(scene.folder / "built.jsonl")
    count = scene.sizes.loaded
    parsed = "its files by libyaml, parsed only"
    programs = [
        environment.ours("build", TAG, "--bundle-format", "2", "-o", built),
        environment.bare_python(),
        environment.script("its files by git, read only", "read_blobs.py", TAG),
        environment.script(parsed, "parse_yaml.py", says=f"^{count}$"),
    ]
    timings = scene.measure(what, programs, repository, scene.sizes.long_runs)
    if (scene.folder / "built.jsonl").read_bytes() != bundles.many.read_bytes():
        raise Wrong("build does not give the same bytes each time")
    times = {parsed: BUILD_TIMES_YAML}
    yield from compare(f"{what}, time", timings, "ms", at_most_times=times)
    yield from compare(f"{what}, CPU", timings, "ms", of="cpu_s")
