"""The table of the specification: what a stranger's template can't do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def _corpus() -> dict[str, list[str]]:
    spec = spec_from_file_location("hostile_corpus", HERE / "hostile_corpus.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    templates: dict[str, list[str]] = module.HOSTILE
    return templates


HOSTILE = _corpus()
FAST = 2
"""Of each row, so many templates are rendered in the fast tier."""
EVERY = max(map(len, HOSTILE.values()))
EACH = [
    pytest.param(row, index, id=f"{row}-{index}", marks=[pytest.mark.slow] if index >= FAST else [])
    for row, sources in HOSTILE.items()
    for index in range(len(sources))
]
pytestmark = pytest.mark.xdist_group("hostile templates")  # one process renders them all
both_tiers = pytest.mark.parametrize("first", [FAST, pytest.param(EVERY, marks=pytest.mark.slow)])


@cache
def report(first: int) -> Any:
    child = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "hostile_child.py"), str(first)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        text=True,
        timeout=240,
    )
    assert child.returncode == 0, child.stderr[-2000:]
    return json.loads(child.stdout)


@pytest.mark.parametrize(("row", "index"), EACH)
def test_a_hostile_template_is_refused_soon_and_at_a_place_inside_it(row: str, index: int) -> None:
    outcome = report(FAST if index < FAST else EVERY)["outcomes"][row][index]

    source = HOSTILE[row][index][-200:]
    assert "message" in outcome["plain"], source
    assert outcome["plain"]["inside"], source
    assert outcome["traced"] == outcome["plain"], source
    assert outcome["slowest_s"] < 20, source  # a safety net: the count of work refuses it


@both_tiers
def test_all_of_them_together_need_little_memory(first: int) -> None:
    assert report(first)["grown_mb"] < 200


@both_tiers
def test_no_refusal_tells_an_address_or_a_traceback(first: int) -> None:
    rows = report(first)["outcomes"].values()
    messages = [each["plain"]["message"] for outcomes in rows for each in outcomes]

    telling = [text for text in messages if re.search(r"0x[0-9a-f]{6}|object at|Traceback", text)]

    assert telling == []
    assert max(map(len, messages)) < 400


def test_every_row_has_at_least_five() -> None:
    assert {row: len(sources) >= 5 for row, sources in HOSTILE.items()} == dict.fromkeys(
        HOSTILE, True
    )
