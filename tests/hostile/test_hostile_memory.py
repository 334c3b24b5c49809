"""The worst of the tables in a process of its own: under 200 MB, and no limit is run into."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from tests.tiers import fast_only

HERE = Path(__file__).parent
FINE = "prompts/fine.prompt.yaml"


def _table(name: str) -> dict[str, Any]:
    spec = spec_from_file_location(f"memory_{name}", HERE / f"test_hostile_{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, Any] = module.FILES
    return found


SAMPLE = {
    "prompt_files": ("50-mb", "900-kb-of-repeated-words", "60000-unknown-keys", "billion-laughs"),
    "schemas": ("twice-at-one-place", "either-at-one-place", "chain-of-doubles", "file-of-5-mb",
                "file-of-20000-properties", "pattern-that-is-huge",
                "items-and-a-bound", "alternatives-of-items", "schema-of-60000-errors",
                "type-of-100000-numbers", "chain-of-alternatives"),
    "templates": ("never-ends", "powers", "20-to-the-8-includes", "partial-of-5-mb",
                  "body-of-3-mb", "30000-variables"),
    "case_files": ("csv-of-100000-rows", "csv-of-commas", "csv-of-newlines", "jsonl-in-one-line",
                   "jsonl-of-300000-nothings", "yaml-of-60000-items"),
    "configuration": ("5-mb", "20000-dots", "nested-100000-deep", "baseline-is-huge"),
}  # fmt: skip
CASES = [(table, name) for table, names in SAMPLE.items() for name in names]


@pytest.mark.parametrize(
    ("table", "name"),
    fast_only(CASES, [("templates", "never-ends"), ("case_files", "csv-of-commas")]),
)
def test_the_worst_files_need_little_memory(table: str, name: str, repo: Any) -> None:
    files = _table(table)[name]
    if not isinstance(files, dict):
        files = {"prompts/bad.prompt.yaml": files}
    repo.write({FINE: "format: promptops/1\nmessages: [{role: user, content: hi}]\n", **files})
    repo.git("add", "--all")

    child = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "hostile_child.py")],
        capture_output=True,
        check=False,
        cwd=repo.root,
        env={**_environment(), "PYTHONPATH": str(HERE.parents[1])},
        text=True,
        timeout=240,
    )

    assert child.returncode == 0, child.stderr[-2000:]
    report = json.loads(child.stdout)
    assert [each["told"] for each in report["ended"]] == [[]] * 6
    assert {each["code"] for each in report["ended"]} <= {0, 1, 2, 3}
    assert max(each["cpu_s"] for each in report["ended"]) < 20  # what hangs exceeds it
    assert report["grown_mb"] < 200


def _environment() -> dict[str, str]:
    import os

    return {key: value for key, value in os.environ.items() if key.startswith(("GIT_", "PATH"))}
