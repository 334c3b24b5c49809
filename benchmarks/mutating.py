"""Mutation testing and first test cases, without API calls: the CPU time of whole processes. The
many prompts are those of `lint`; the large one has 5 kB of text; cases are drafted for the prompts
of this repository, without theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from corpus import make
from repositories import write
from scene import Scene
from table import Row, compare

CASES = 3
_RULES = 56
_MUTANTS = 230
"""Of the large prompt: each rule is an item with three phrases and a value."""
_LIMIT_S = 0.004
"""The budget for a mutant and a case."""

_LARGE = """\
format: promptops/1
model: {provider: openai, id: m}
inputs:
  required: [lang]
  properties: {lang: {type: string}, items: {type: array, default: []}}
messages:
  - role: system
    content: |
RULES      {% if items %}
      {% for item in items %}
      - {{ item }}
      {% endfor %}
      {% endif %}
  - role: user
    content: "{{ lang }}"
tests:
"""
_RULE = (
    "      - Rule {0}: always answer question number {0} in words of {{{{ lang }}}},"
    " never in figures.\n"
)
_CASE = (
    "  - name: case {0}\n    inputs: {{lang: l{0}, items: [a, b]}}\n"
    "    rendered: [{{type: contains, value: in words of l{0}}},"
    " {{type: message-count, value: 2}}]\n"
)


def rows(scene: Scene) -> Iterator[Row]:
    """Many prompts, and one large one; then drafts."""
    count, runs = scene.sizes.mutated, scene.sizes.long_runs
    many = scene.repository(f"mutated-{count}", lambda folder: make(folder, count))
    what = f"`mutate` of {count:,} prompts, CPU"
    program = scene.environment.ours("mutate", says="of mutants noticed")
    timings = scene.measure(what, [program], many, min(runs, 2))
    yield from compare(what, timings, "s", of="cpu_s", at_most=120)
    large = scene.repository("mutated-large", _make)
    what = f"`mutate` of one prompt of 5 kB, {_MUTANTS} mutants with {CASES} cases, CPU"
    proved = scene.environment.ours("mutate", says=f"of {_MUTANTS} ")
    timings = scene.measure(what, [proved], large, runs)
    yield from compare(what, timings, "s", of="cpu_s", at_most=_MUTANTS * CASES * _LIMIT_S)
    own = scene.repository("without-cases", _without_cases)
    what = "`cases` of this repository's prompts, CPU"
    drafts = scene.environment.ours("cases", "--show", says=" cases drafted")
    yield from compare(what, scene.measure(what, [drafts], own, runs), "s", of="cpu_s", at_most=2)


def _without_cases(folder: Path) -> None:
    """The prompts of this repository; `tests` ends where the next key of the file begins."""
    root = Path(__file__).parents[1]
    for path in sorted((root / "prompts").rglob("*")) + sorted((root / "schemas").rglob("*")):
        if path.is_file():
            text = path.read_text()
            if path.name.endswith(".prompt.yaml"):
                text = re.sub(r"(?ms)^tests:\n.*?(?=^\S|\Z)", "", text)
            write(folder, str(path.relative_to(root)), text)
    write(folder, "promptops.toml", (root / "promptops.toml").read_text())


def _make(folder: Path) -> None:
    rules = "".join(map(_RULE.format, range(_RULES)))
    cases = "".join(map(_CASE.format, range(CASES)))
    write(folder, "prompts/large.prompt.yaml", _LARGE.replace("RULES", rules) + cases)
