"""The table of the specification: what a stranger's template can't do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
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
EACH = [(row, index) for row, sources in HOSTILE.items() for index in range(len(sources))]


@pytest.fixture(scope="module")
def report() -> Any:
    child = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "hostile_child.py")],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        text=True,
        timeout=240,
    )
    assert child.returncode == 0, child.stderr[-2000:]
    return json.loads(child.stdout)


@pytest.mark.parametrize(("row", "index"), EACH, ids=[f"{row}-{index}" for row, index in EACH])
def test_a_hostile_template_is_refused_soon_and_at_a_place_inside_it(
    row: str, index: int, report: Any
) -> None:
    outcome = report["outcomes"][row][index]

    source = HOSTILE[row][index][-200:]
    assert "message" in outcome["plain"], source
    assert outcome["plain"]["inside"], source
    assert outcome["traced"] == outcome["plain"], source
    assert outcome["slowest_s"] < 2, source


def test_all_of_them_together_need_little_memory(report: Any) -> None:
    assert report["grown_mb"] < 200


def test_no_refusal_tells_an_address_or_a_traceback(report: Any) -> None:
    messages = [o["plain"]["message"] for outcomes in report["outcomes"].values() for o in outcomes]

    telling = [text for text in messages if re.search(r"0x[0-9a-f]{6}|object at|Traceback", text)]

    assert telling == []
    assert max(map(len, messages)) < 400


def test_every_row_has_at_least_five() -> None:
    assert {row: len(sources) >= 5 for row, sources in HOSTILE.items()} == dict.fromkeys(
        HOSTILE, True
    )
