"""Every HTML page passes the checks of axe, with all details folded and with all open."""

from importlib import import_module
from pathlib import Path

import pytest

from tests.report.check import html_reports
from tests.report.compare import comparisons
from tests.report.diff import html_extremes
from tests.report.diff import html_reports as html_reports_of_diff
from tests.report.diff.browser import visits
from tests.report.drift import drifts
from tests.report.mutate import mutations
from tests.report.probe import probe_runs
from tests.report.score import scores
from tests.report.test import runs

LONG = "\n".join(["a line"] * 99)
PAGES = {
    "check": (html_reports.failed, html_reports.hostile, html_reports.mutated),
    "compare": (comparisons.recommended, comparisons.by_contracts),
    "diff": (html_extremes.hostile, html_reports_of_diff.realistic),
    "drift": (drifts.drifted, drifts.nothing),
    "mutate": (mutations.survivors, mutations.hostile),
    "probe": (probe_runs.usual, lambda: probe_runs.run_of("persona", "ticket", LONG, "triage")),
    "score": (scores.week, scores.nothing),
    "test": (runs.failing, runs.worse_score),
}
CASES = [(page, make) for page, makers in PAGES.items() for make in makers]
OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true })"
VIOLATIONS = """async () => (await axe.run()).violations.flatMap(
    ({id, nodes}) => nodes.map(({target}) => `${id}: ${target}`))"""
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]  # one worker has the browser


@pytest.fixture(scope="module")
def axe():
    module = pytest.importorskip("axe_playwright_python", reason="axe is not installed")
    return Path(module.__file__).with_name("axe.min.js").read_text("utf-8")


@pytest.mark.parametrize(("page", "make"), CASES)
def test_a_page_has_no_barrier_that_axe_finds(browser, tmp_path, axe, page, make):
    write = import_module(f"promptops.report.{page}.html").write

    with visits(browser, tmp_path, write) as visit:
        opened = visit(make())
        opened.evaluate(axe)
        folded = opened.evaluate(VIOLATIONS)
        opened.evaluate(OPEN_ALL)

        assert (folded, opened.evaluate(VIOLATIONS)) == ([], [])
