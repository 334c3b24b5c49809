"""What every HTML page keeps: names, links, headings, its policy, and what axe checks."""

import re
from base64 import b64encode
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from promptops.terminal.output import writer
from tests.report.check import html_reports
from tests.report.compare import comparisons, hostile_comparisons
from tests.report.diff import html_extremes
from tests.report.diff.browser import visits
from tests.report.diff.html_pages import read
from tests.report.drift import drifts
from tests.report.mutate import mutations
from tests.report.probe import probe_runs
from tests.report.score import scores
from tests.report.test import hostile_runs, runs
from tests.tiers import fast_only

LONG = "\n".join(["a line"] * 99)
PROBES = {
    **{name: getattr(probe_runs, name) for name in ("usual", "hostile", "accepted_too", "nothing")},
    "long": lambda: probe_runs.run_of("persona", "ticket", LONG, "triage"),
}
REPORTS = {
    "check": html_reports.REPORTS,
    "compare": {
        **comparisons.COMPARISONS,
        "hostile": hostile_comparisons.hostile,
        "many": lambda: comparisons.many(8, 40),
    },
    "diff": html_extremes.REPORTS,
    "drift": {**drifts.RUNS, "hostile": lambda: drifts.hostile(hostile_runs.ATTACK)},
    "mutate": {**mutations.RUNS, "hostile": mutations.hostile},
    "probe": PROBES,
    "score": {**scores.SCORES, "hostile": scores.hostile},
    "test": {**runs.RUNS, "hostile": hostile_runs.hostile},
}
CASES = {
    f"{command}-{name}": (command, make)
    for command in REPORTS
    for name, make in REPORTS[command].items()
}
FAST = [
    *(case for case in CASES if case.endswith(("-hostile", "-nothing", "-empty"))),
    "check-failed",
    "compare-recommended",
    "diff-realistic",
    "drift-drifted",
    "mutate-since",
    "probe-usual",
    "score-week",
    "test-failing",
]
WITH_AXE = [
    *(case for case in FAST if case not in ("compare-hostile", "test-hostile")),
    "check-mutated",
    "compare-by-contracts",
    "probe-long",
    "test-worse-score",
]
OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true })"
VIOLATIONS = """async () => (await axe.run()).violations.flatMap(
    ({id, nodes}) => nodes.map(({target}) => `${id}: ${target}`))"""


def html_writer(case):
    return writer(CASES[case][0], "html")


@pytest.fixture(scope="module", params=fast_only(CASES, FAST))
def page(request):
    return read(html_writer(request.param)(CASES[request.param][1]()))


def test_ids_are_unique_and_every_link_leads_to_one(page):
    ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
    links = [element.attributes["href"] for element in page.all("a")]
    named = [
        name
        for element in page.all()
        for attribute in ("aria-labelledby", "data-of")
        for name in (element.attributes.get(attribute) or "").split()
    ]

    assert len(set(ids)) == len(ids)
    assert all(link.startswith("#") for link in links)
    assert {link.removeprefix("#") for link in links} | set(named) <= set(ids)


def test_nothing_is_fetched_and_no_attribute_is_code_or_style(page):
    attributes = {name for element in page.all() for name in element.attributes}
    names = {element.name for element in page.all()}
    (style,), (script,) = page.all("style"), page.all("script")

    assert {name for name in attributes if name.startswith("on")} == set()
    fetching = {"style", "src", "srcset", "action", "formaction", "data", "poster"}
    assert attributes & fetching == set()
    assert names & {"img", "iframe", "link", "object", "embed", "base", "form", "use"} == set()
    assert re.findall(r"url\(|@import|https?:|//", style.text) == []
    assert re.findall(r"https?:|fetch|import\(|XMLHttp|innerHTML|eval\(", script.text) == []


def test_the_policy_allows_this_style_and_this_script_alone(page):
    (policy,) = (
        element.attributes["content"]
        for element in page.all("meta")
        if element.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    style, script = (
        f"'sha256-{b64encode(sha256(part.text.encode()).digest()).decode()}'"
        for part in (*page.all("style"), *page.all("script"))
    )

    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src {style}",
        f"script-src {script}",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_headings_go_down_one_step_at_a_time_and_landmarks_are_there_once(page):
    names = [element.name for element in page.all()]
    (head,) = page.all("head")

    levels = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert max([0, *(lower - upper for upper, lower in pairwise(levels))]) <= 1
    assert [names.count(name) for name in ("header", "main")] == [1, 1]
    assert len(list(head.all("title"))) == 1


@pytest.mark.slow
@pytest.mark.xdist_group("browser")  # one worker has the browser
@pytest.mark.parametrize("case", WITH_AXE)
def test_axe_finds_no_barrier_with_all_details_folded_or_open(browser, tmp_path, case):
    module = pytest.importorskip("axe_playwright_python", reason="axe is not installed")
    axe = Path(module.__file__).with_name("axe.min.js").read_text("utf-8")

    with visits(browser, tmp_path, html_writer(case)) as visit:
        opened = visit(CASES[case][1]())
        opened.evaluate(axe)
        folded = opened.evaluate(VIOLATIONS)
        opened.evaluate(OPEN_ALL)

        assert (folded, opened.evaluate(VIOLATIONS)) == ([], [])
