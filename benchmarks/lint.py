"""Linting in a generated repository of prompts with partials, conditions, loops and two test cases
each: the CPU time of whole processes for the hook, their wall time for the others. Cold means
without the caches of an earlier run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cases import write_promptfoo
from corpus import identity, make, path
from environment import BARE_PYTHON, PROJECT
from repositories import edit, git, write
from scene import Scene
from table import Row, compare
from timing import Program, prove

COUNTED = ("--format", "json")
BOUNDARY_S = 0.06
CACHED_TIMES = 0.19
"""That is 0.5 s where reading and libyaml alone take 2.65 s."""
RELAXED = "{extends: relaxed, rules: {line-length: disable}}"
QUERY = """\
{% set product = 'hub' %}
SELECT title FROM tickets
WHERE product = '{{ product }}'
"""


def rows(scene: Scene) -> Iterator[Row]:
    """The hook, the whole repository, and what other linters take."""
    count = scene.sizes.linted
    repository = scene.repository(f"linted-{count}", lambda folder: make(folder, count))
    git(repository, "reset", "-q", "--hard")
    yield from _nothing_staged(scene, repository)
    yield from _one_staged(scene, repository)
    git(repository, "reset", "-q", "--hard")
    yield from _everything(scene, repository)
    yield from _boundaries(scene, repository)
    yield from _beside_linters(scene, repository)


def _nothing_staged(scene: Scene, repository: Path) -> Iterator[Row]:
    what = "hook, nothing relevant staged"
    write(repository, "notes.txt", "none of our business\n")
    git(repository, "add", "notes.txt")
    environment = scene.environment
    programs = [environment.ours("lint", "--staged", says=r"\A\Z"), environment.bare_python()]
    timings = scene.measure(what, programs, repository)
    yield from compare(what, timings, "ms", of="cpu_s", at_most_times={BARE_PYTHON: 4.5})


def _one_staged(scene: Scene, repository: Path) -> Iterator[Row]:
    what = f"`lint --staged`, one changed of {scene.sizes.linted:,}"
    edit(repository, path(7), "You triage", "You sort")
    git(repository, "add", path(7))
    write(repository, "query.sql", QUERY)
    write_promptfoo(scene.folder / "one-prompt", 1)
    environment = scene.environment
    query = ("lint", "--dialect", "ansi", "--templater", "jinja", "query.sql")
    config = str(scene.folder / "one-prompt" / "promptfooconfig.json")
    programs = [
        environment.ours("lint", "--staged", says='"files": 1\\b', proof=COUNTED),
        environment.bare_python(),
        *_linters(scene, "that file", [path(7)]),
        environment.tool("sqlfluff", "sqlfluff, a query in Jinja", *query, says="All Finished"),
        environment.promptfoo(
            "`promptfoo validate`, one prompt", "validate", "-c", config, says="is valid"
        ),
    ]
    timings = scene.measure(what, programs, repository)
    yield from compare(what, timings, "ms", of="cpu_s", at_most_times={BARE_PYTHON: 15})


def _everything(scene: Scene, repository: Path) -> Iterator[Row]:
    environment, count = scene.environment, scene.sizes.linted
    floor = environment.script("reading and libyaml alone", "parse_yaml.py", says=f"^{count}$")
    rendering = prove(environment.script("rules", "rules_that_render.py", path(7)), repository)
    ways: tuple[tuple[str, tuple[str, ...], float | None], ...] = (
        ("cold, every case rendered", ("--no-cache",), 7),
        ("cold, rules that need no rendering", ("--no-cache", "--ignore", rendering.strip()), None),
        ("cached", (), CACHED_TIMES),
    )
    for way, arguments, at_most in ways:
        what = f"`lint` of {count:,}, {way}"
        ours = environment.ours("lint", *arguments, says=f'"files": {count}\\b', proof=COUNTED)
        timings = scene.measure(what, [ours, floor], repository, scene.sizes.long_runs)
        times = {} if at_most is None else {floor.name: at_most}
        yield from compare(what, timings, "s", at_most_times=times)


def _boundaries(scene: Scene, repository: Path) -> Iterator[Row]:
    """The opt-in rule that renders each prompt with up to 200 inputs; `check --since` runs it."""
    count = scene.sizes.linted_by_peers // 10
    what = f"`lint --rule TST008` of {count:,} of them, {BOUNDARY_S * 1000:.0f} ms each"
    identities = [identity(number) for number in range(count)]
    arguments = ("lint", "--no-cache", "--rule", "TST008", *identities)
    ours = scene.environment.ours(*arguments, says=f'"files": {count}\\b', proof=COUNTED)
    programs = [ours, scene.environment.bare_python()]
    timings = scene.measure(what, programs, repository, scene.sizes.long_runs)
    yield from compare(what, timings, "s", of="cpu_s", at_most=count * BOUNDARY_S)


def _beside_linters(scene: Scene, repository: Path) -> Iterator[Row]:
    """Of fewer: what they take grows with the number, and is long."""
    count = scene.sizes.linted_by_peers
    what = f"`lint --no-cache` of {count:,} of them, by name"
    identities = [identity(number) for number in range(count)]
    ours = scene.environment.ours(
        "lint", "--no-cache", *identities, says=f'"files": {count}\\b', proof=COUNTED
    )
    files = [path(number) for number in range(count)]
    programs = [ours, *_linters(scene, "those files", files)]
    yield from compare(what, scene.measure(what, programs, repository, 1), "s")


def _linters(scene: Scene, of: str, files: Sequence[str]) -> Iterator[Program]:
    environment = scene.environment
    schema = str(PROJECT / "schemas" / "prompt.schema.json")
    yield environment.tool("yamllint", f"yamllint, {of}", "-d", RELAXED, *files, says=r"\A\Z")
    yield environment.tool(
        "check-jsonschema",
        f"check-jsonschema, {of}",
        "--schemafile",
        schema,
        *files,
        says="ok -- validation done",
    )
