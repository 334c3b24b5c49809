"""Jinja2's own tests: each template that they render gives from us what Jinja2 gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.suites import unpacked
from tests.runtime.conftest import by_jinja, by_us

ACCEPTED: Mapping[str, tuple[str, ...]] = {
    "values are data: they have no methods": (
        "test_item_and_attribute",
        "test_sum_attributes_tuple",
        "test_sort2",
        "test_unique",
        "test_unique_case_sensitive",
        "test_basic_format_all_okay",
        "test_safe_format_all_okay",
        "test_empty_braces_format",
    ),
    "a filter or test of HTML, of Python's objects or of chance does not exist": (
        "test_pprint",
        "test_bytefallback",
        "test_random",
        "test_urlize",
        "test_urlize_rel_policy",
        "test_urlize_target_parameter",
        "test_urlize_extra_schemes_parameter",
        "test_urlize_filter_escaping",
        "test_urlize_filter_closing_punctuation",
        "test_xmlattr",
        "test_forceescape",
        "test_sameas",
        "test_no_paren_for_arg1",
    ),
    "an unknown filter or test is an error in every branch, also in one that is not rendered": (
        "test_filter_undefined_in_if",
        "test_filter_undefined_in_elif",
        "test_filter_undefined_in_else",
        "test_filter_undefined_in_nested_if",
        "test_filter_undefined_in_condexpr",
        "test_name_undefined_in_if",
    ),
    "`extends` names its file in full and stands outside of conditions": (
        "test_dynamic_inheritance",
        "test_multi_inheritance",
        "test_invalid_required",
        "test_extends_output_bugs",
    ),
    "`range` has a lower limit": ("test_sandbox_max_range",),
    "line endings are normalized when a file is read, not when it is rendered": (
        "test_normalizing",
    ),
}
"""By the reason, the tests of Jinja2's of which we render something else, or refuse to."""

MODULES = ("api", "core_tags", "filters", "idtracking", "imports", "inheritance", "lexnparse")
MODULES += ("regression", "runtime", "security", "tests")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What Jinja2's tests render, as `jinja_recorder` writes it."""
    root = unpacked("jinja2", tmp_path_factory.mktemp("jinja2"))
    lines = root / "recorded.jsonl"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        + ["-p", "jinja_recorder", "-c", "/dev/null", "--rootdir", str(root)]
        + [f"tests/test_{name}.py" for name in MODULES],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), "JINJA_RECORDED": str(lines)},
        stdout=subprocess.DEVNULL,
        check=False,  # a test of Jinja2's that fails here is no fault of ours
    )
    return [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]


def test_a_template_renders_as_in_jinja_or_is_an_accepted_difference(
    recorded: list[dict[str, Any]],
) -> None:
    assert len(recorded) > 350
    accepted = {name for names in ACCEPTED.values() for name in names}
    different = {_name(each) for each in recorded if not _same(each)}

    assert different - accepted == set()
    assert accepted - different == set()


def _name(each: Mapping[str, Any]) -> str:
    return str(each["test"].rpartition("::")[2])


def _same(each: Mapping[str, Any]) -> bool:
    arguments = each["source"], each["data"], each["templates"]
    return by_us(*arguments) == by_jinja(*arguments)
