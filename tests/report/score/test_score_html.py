"""The HTML page of scored samples, read without a browser."""

from promptops.commands.score.page import charts, write_html
from promptops.commands.score.report import sections
from promptops.records import replace
from tests.report.diff.html_pages import read
from tests.report.score.scores import SCORES, hostile, many, one_day, triage, week


def test_untrusted_text_adds_no_element():
    usual = {each.name for make in SCORES.values() for each in read(write_html(make())).all()}
    attacked = read(write_html(hostile()))

    assert {each.name for each in attacked.all()} <= usual
    (body,) = attacked.all("body")
    assert body.text.count("<script>document.title='pwned';alert(1)</script>") > 10


def test_a_chart_has_a_series_for_each_version_with_limits_and_alerts():
    score = week()
    (found,) = [each for each in sections(score) if each.prompt == "support/triage"]
    shown, tiny = charts(found, score)

    metrics = ["contracts", "quality", "tone", "errors", "refusals", "cost_1000", "p95"]
    assert [chart.measure.metric for chart in shown] == metrics
    assert [(line.name, len(line.values)) for line in shown[0].series] == [
        ("1.8.0", 3),
        ("1.7.0", 5),
    ]
    assert shown[0].limits == (("below 98%", 98.0),)
    assert shown[5].limits == (("above $0.5", 0.5), ("budget", 0.5))
    alerts = [[value.time for value in line.values if value.alert] for line in shown[0].series]
    assert (alerts, tiny) == ([["2026-11-25", "2026-11-26"], []], ())


def test_a_version_with_few_samples_is_named_and_not_drawn():
    score = week()
    few = triage(2, "1.9.0", 8, 8)
    (found,) = [
        each
        for each in sections(replace(score, groups=(*score.groups, few)))
        if each.prompt == "support/triage"
    ]

    shown, tiny = charts(found, score)

    assert ([line.name for line in shown[0].series], tiny) == (["1.8.0", "1.7.0"], ("1.9.0",))


def test_a_day_with_few_samples_beside_another_is_a_table_and_no_chart():
    first_days = replace(
        one_day(), groups=(triage(0, "1.8.0", 1_000, 990), triage(1, "1.9.0", 9, 9))
    )

    root = read(write_html(first_days))

    assert [len(list(root.all(name))) for name in ("figure", "table")] == [0, 1]


def test_a_single_day_is_a_table_and_no_chart():
    root = read(write_html(one_day()))

    assert [len(list(root.all(name))) for name in ("figure", "table")] == [0, 1]


def test_a_long_time_is_drawn_as_areas_with_alerts_marked():
    root = read(write_html(many(1, 90)))

    paths = [each.attributes["class"] for each in root.all("path")]
    circles = len(list(root.all("circle")))
    assert sum(name.startswith("band") for name in paths) == 4 * 3
    assert circles == 3 + 1  # of the legend, and the alert
