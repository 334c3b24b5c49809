"""What an application pays: CPU time, since nothing is waited for. Whole processes in turns; calls
in batches, in processes that have imported everything, in turns, too. Two messages and six
variables are rendered: ours checks them against their schema and fills in defaults, MLflow,
LangChain and Prompty look for missing ones, the others check nothing. Where a peer renders another
text than ours it is left out."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence

from bundles import TAG, Bundles, make_bundles
from scene import Scene
from table import Row, compare
from timing import OURS, Program, Wrong, run

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

CALLS = {
    "plain": ("render, substituting only", 5e-6),
    "logic": ("render, with a condition and a loop", 25e-6),
    "warm": ("warm `load`, or what a client gives from its cache", 1e-6),
}
"""By the name in the scripts: as the table says it, and the budget."""

Costs = dict[str, dict[str, float]]
"""Microseconds, by program and by what was measured."""


def rows(scene: Scene) -> Iterator[Row]:
    """Importing, loading, rendering, building."""
    bundles = make_bundles(scene)
    yield from _imports(scene)
    yield from _first_rendering(scene, bundles)
    yield from _cold_load(scene, bundles)
    yield from _calls(scene, bundles)
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
    bare = costs.pop("bare Python")
    over = {name: max(cpu_s - bare, 0.0) for name, cpu_s in costs.items()}
    alone, with_load = over.pop(OURS), over.pop(first.name)
    yield from _beside(what, alone, over, at_most=0.025)
    what = "`import promptops; promptops.load`, over bare Python"
    yield from _beside(what, with_load, over, at_most=0.025)


def _beside(
    what: str, ours: float, others: Mapping[str, float], *, at_most: float
) -> Iterator[Row]:
    for name, theirs in others.items():
        yield Row(what=what, ours=ours, unit="ms", beside=name, theirs=theirs, at_most=at_most)


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
    yield from compare(what, scene.measure(what, programs, scene.folder), "ms", of="cpu_s")


def _cold_load(scene: Scene, bundles: Bundles) -> Iterator[Row]:
    what = f"cold load of a bundle of {scene.sizes.loaded:,} prompts and one rendering"
    script = scene.environment.script
    programs = [
        script(OURS, "load_promptops.py", bundles.many),
        script("one JSON document, `json.loads`", "load_json.py", bundles.document),
        script("a directory of YAML, C loader", "load_yaml.py", bundles.repository / "prompts"),
    ]
    scene.tell(f"{what}: {', '.join(each.name for each in programs)}")
    costs = _medians([_reported(programs) for _ in range(scene.sizes.rounds)])
    for name, us in costs.items():
        if name != OURS:
            ours, theirs = costs[OURS]["load"] * 1e-6, us["load"] * 1e-6
            yield Row(what=what, ours=ours, unit="ms", beside=name, theirs=theirs, at_most=0.015)


def _calls(scene: Scene, bundles: Bundles) -> Iterator[Row]:
    programs = list(_same_texts(scene, bundles))
    scene.tell(f"rendering and warm loading: {', '.join(each.name for each in programs)}")
    costs = _medians([_reported(programs) for _ in range(scene.sizes.rounds)])
    ours = costs.pop(OURS)
    for call, (what, at_most) in CALLS.items():
        others = {
            f"{program}{name.removeprefix(call)}": us[name] * 1e-6
            for program, us in costs.items()
            for name in us
            if name.partition(",")[0] == call
        }
        if call == "warm":
            others["a dict"] = ours["dict"] * 1e-6
        for beside, theirs in others.items():
            yield Row(
                what=what,
                ours=ours[call] * 1e-6,
                unit="µs",
                beside=beside,
                theirs=theirs,
                at_most=at_most,
            )
        if f"{call}, openai" in ours:
            yield Row(
                what=f"{what}, and `.openai()`", ours=ours[f"{call}, openai"] * 1e-6, unit="µs"
            )


def _same_texts(scene: Scene, bundles: Bundles) -> Iterator[Program]:
    """The scripts of those that render what ours renders."""
    expected: dict[str, list[str]] = {}
    for name, (script, needs) in RENDERERS.items():
        if needs and not scene.environment.has(needs):
            continue
        program = scene.environment.script(name, f"render_{script}.py", bundles.few)
        try:
            said = json.loads(run(program.command))["said"]
        except Wrong as wrong:
            if name == OURS:
                raise
            scene.environment.leave_out(f"{name}, rendering", str(wrong))
            continue
        expected = expected or said
        if wrong := _other_text(said, expected):
            scene.environment.leave_out(f"{name}, rendering", f"it renders another text: {wrong}")
        else:
            yield program


def _other_text(said: Mapping[str, Sequence[str]], expected: Mapping[str, Sequence[str]]) -> str:
    """The first that is not the expected one, but for a newline in the end; "" where all are."""
    for name, texts in said.items():
        for text, ours in zip(texts, expected[name.partition(",")[0]], strict=True):
            if text.rstrip("\n") != ours:
                return repr(text)
    return ""


def _build(scene: Scene, bundles: Bundles) -> Iterator[Row]:
    what = f"`build {TAG}` of {scene.sizes.loaded:,} prompts"
    environment, repository = scene.environment, bundles.repository
    built = str(scene.folder / "built.jsonl")
    count = scene.sizes.loaded
    programs = [
        environment.ours("build", TAG, "-o", built),
        environment.script("its files by git, read only", "read_blobs.py", TAG),
        environment.script("its files by libyaml, parsed only", "parse_yaml.py", says=f"^{count}$"),
    ]
    timings = scene.measure(what, programs, repository, scene.sizes.long_runs)
    if (scene.folder / "built.jsonl").read_bytes() != bundles.many.read_bytes():
        raise Wrong("build does not give the same bytes each time")
    yield from compare(what, timings, "ms", of="cpu_s", at_most=0.5)


def _reported(programs: Sequence[Program]) -> Costs:
    """What each of the scripts measures, in turn."""
    return {each.name: json.loads(run(each.command))["us"] for each in programs}


def _medians(rounds: Sequence[Costs]) -> Costs:
    return {
        program: {name: statistics.median(each[program][name] for each in rounds) for name in us}
        for program, us in rounds[0].items()
    }
