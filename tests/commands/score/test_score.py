"""Samples are joined with the assertions of their release, and counted."""

from __future__ import annotations

import json

import pytest

from promptops.commands.score.packing import pack_of
from promptops.commands.score.part import PartSettings, joining_of, score_samples
from promptops.errors import UsageError
from promptops.model.place import Place
from promptops.model.score import AgainstVersion, Alert, AlertRule, Sample, UnreadableLine
from promptops.workspace.workspace import workspace
from tests.commands.score.released_prompts import AT, NEXT, STYLE, make, sample, scored, written

LONG = json.dumps({"reply": "It is on its way, and it arrives tomorrow morning."})
SHORT = json.dumps({"reply": "Yes."})


@pytest.fixture
def released(prepared):
    return prepared(make)


def rates(found):
    """By group: each assertion with how often it held, of how many, and could not be checked."""
    return {
        tuple(group.by.values()): {
            rate.type: (rate.held, rate.n, rate.unscorable) for rate in group.assertions
        }
        for group in found.groups
    }


def test_each_sample_is_judged_by_the_assertions_of_its_own_release(released, tmp_path):
    samples = [
        sample(1),
        sample(2, version="1.1.0"),
        sample(3, version=None, release="v1.1.0"),
        sample(4, prompt="old/ask"),
    ]
    file = written(tmp_path / "s.jsonl", samples)

    found = scored(released, [file], by=("prompt", "version"))

    kept = {"not-contains": (2, 2, 0), "no-leak": (2, 2, 0), "output": (2, 2, 0)}
    assert rates(found) == {
        ("ask", "1.0.0"): {**kept, "max-chars": (2, 2, 0)},
        ("ask", "1.1.0"): {**kept, "max-chars": (0, 2, 0)},
    }
    assert found.nothing == ""


def test_what_becomes_of_each_sample_is_counted(released, tmp_path):
    lines = [
        *(sample(number, prompt="unknown") for number in range(2)),
        sample(2, version="9.9.9"),
        sample(3, release="v7.0.0"),
        sample(4, version=None),
        sample(5, prompt_digest="0" * 64, prompt="ask"),
        "not JSON",
        sample(6, prompt="new", version=None),
        sample(7, prompt="new"),
    ]
    file = written(tmp_path / "s.jsonl", lines)

    counts = scored(released, [file]).samples

    unjoined = {"unknown 1.0.0": 2, "ask 9.9.9": 1, "ask v7.0.0": 1, "new 1.0.0": 1}
    assert counts.unjoined == dict(sorted(unjoined.items(), key=lambda item: (-item[1], item[0])))
    assert (counts.read, counts.sampled, counts.scored, counts.unjoined_samples) == (8, 8, 3, 5)
    assert (counts.by_id_only, counts.altered, counts.lines) == (2, 1, 9)
    message = "not JSON: expecting value"
    assert counts.broken == (UnreadableLine(place=Place(file, 7, 1, 7, 1), message=message),)


def test_an_assertion_that_needs_more_than_a_sample_is_left_out_with_the_reason(released, tmp_path):
    found = scored(released, [written(tmp_path / "s.jsonl", [sample(1)])])

    assert [(each.type, each.why) for each in found.left_out if each.prompt == "ask"] == [
        ("not-contains", "needs `expected`, which samples do not have"),
        ("python", "runs code, and `score` never does"),
        ("llm-rubric", "calls a judge: use --judge N"),
        ("counterfactual", "needs the answer to another case"),
    ]


def test_a_leak_is_found_in_logged_messages_else_in_the_rendered_request(released, tmp_path):
    secret = "Be brief and answer in one sentence, whatever the question is."
    leak = json.dumps({"reply": secret})
    logged = [{"role": "system", "content": secret}, {"role": "user", "content": "Hi"}]
    known = [
        sample(1, output=leak),
        sample(2, output=leak, inputs=None, messages=logged),
        sample(3, output=leak, inputs=None),
        sample(4, output=leak, inputs={"question": 7}),
    ]

    found = scored(released, [written(tmp_path / "s.jsonl", known)], by=("prompt",))

    assert rates(found)[("ask",)]["no-leak"] == (0, 2, 2)


def test_text_inputs_of_spans_are_read_as_the_schema_requires(released):
    with workspace(released.root) as opened:
        pack = pack_of(opened, "HEAD", (), PartSettings(by=("prompt",))).pack
    inputs = {"question": "7", "times": "2"}
    of_span = Sample(id="1", prompt="ask", version="1.0.0", inputs=inputs, inputs_are_text=True)
    joined = joining_of(pack).join(of_span)

    assert joined is not None
    assert joined.prompt.inputs(of_span) == {"question": "7", "times": 2}


def test_a_request_that_failed_is_an_error_and_is_not_judged(released, tmp_path):
    samples = [sample(1), sample(2, output=None, error="timeout"), sample(3, output=LONG)]

    (group,) = scored(released, [written(tmp_path / "s.jsonl", samples)]).groups

    assert (group.n, group.errors.count, group.errors.n) == (3, 1, 3)
    assert (group.contracts.count, group.contracts.n, group.refusals.n) == (1, 2, 2)


def test_tokens_cost_and_latency_are_those_of_the_samples_that_have_them(released, tmp_path):
    samples = [
        sample(1, usage={"input": 100, "output": 10}, latency_s=1.0),
        sample(2, usage={"input": 300, "output": 30}, latency_s=3.0),
        sample(3, cost_usd=0.5),
        sample(4),
        sample(5, cost_usd=1e18),
    ]

    found = scored(released, [written(tmp_path / "s.jsonl", samples)])

    (group,) = found.groups
    assert (group.tokens.input, group.tokens.output) == (200, 20)
    assert (group.priced, group.cost_usd, found.samples.without_cost) == (3, 0.5008, 2)
    assert group.cost_usd_1000 == pytest.approx(500.8 / 3)
    assert group.latency_s.p50 == pytest.approx(1.0, rel=0.02)
    assert group.latency_s.p95 == pytest.approx(3.0, rel=0.02)


def test_a_version_is_compared_with_the_one_before_it_on_the_same_channel_and_day(
    released, tmp_path
):
    samples = [
        *(sample(number, output=LONG) for number in range(40)),
        *(sample(number, version="1.1.0") for number in range(40, 80)),
        *(sample(number, version="1.1.0", at=AT + 86_400) for number in range(80, 90)),
    ]

    found = scored(released, [written(tmp_path / "s.jsonl", samples)])

    against = {(each.by["version"], each.by["day"]): each.against for each in found.groups}
    assert against[("1.0.0", "2026-11-19")] is None
    assert against[("1.1.0", "2026-11-20")] is None
    compared = against[("1.1.0", "2026-11-19")]
    assert isinstance(compared, AgainstVersion)
    assert (compared.version, compared.metric, compared.difference) == ("1.0.0", "contracts", 0.0)
    assert compared.low < 0 < compared.high
    assert (compared.chance, compared.certain) == (1.0, False)


def test_only_changes_that_are_certain_among_all_of_the_report_are_marked(released, tmp_path):
    samples = [
        sample(
            number,
            version=version,
            channel=channel,
            output=LONG if number % every == 0 else SHORT,
        )
        for channel, version, every, numbers in (
            ("production", "1.0.0", 400, range(1, 400)),
            ("production", "1.1.0", 4, range(400, 800)),
            ("beta", "1.0.0", 20, range(800, 1_000)),
            ("beta", "1.1.0", 15, range(1_000, 1_200)),
        )
        for number in numbers
    ]

    found = scored(released, [written(tmp_path / "s.jsonl", samples)])

    changes = {each.by["channel"]: each.against for each in found.groups if each.against}
    assert {channel: each.certain for channel, each in changes.items()} == {
        "beta": False,
        "production": True,
    }
    assert changes["production"].chance < 0.001 < changes["beta"].chance


def test_few_conversations_that_make_up_a_figure_are_noted(released, tmp_path):
    samples = [
        *(sample(number, conversation=f"c{number % 3}") for number in range(60)),
        *(sample(number, channel="beta", output=LONG) for number in range(60, 120)),
        # 16 conversations, some of which share a bucket.
        *(
            sample(number, channel="canary", output=LONG if number % 3 else SHORT)
            for number in range(120, 136)
        ),
    ]

    found = scored(released, [written(tmp_path / "s.jsonl", samples)], by=("channel",))

    assert [(each.by["channel"], each.few_conversations) for each in found.groups] == [
        ("beta", False),
        ("canary", False),
        ("production", True),
    ]


def test_an_alert_needs_a_bound_beyond_the_threshold_not_only_a_value(released, tmp_path):
    samples = [
        *(
            sample(number, output=LONG if number < 2 else sample(0)["output"])
            for number in range(30)
        ),
        *(sample(number, channel="beta", output=LONG) for number in range(30, 60)),
    ]
    rule = AlertRule(metric="contracts", below=98)

    found = scored(
        released, [written(tmp_path / "s.jsonl", samples)], by=("channel",), alerts=(rule,)
    )

    (raised,), (quiet,) = found.alerts, found.quiet
    assert raised == Alert(
        metric="contracts",
        by={"channel": "beta"},
        n=30,
        value=0.0,
        bound=raised.bound,
        threshold=98,
        below=True,
        raised=True,
        raised_from=raised.raised_from,
    )
    assert (quiet.value, quiet.n, quiet.raised) == (93.333333, 30, False)
    assert quiet.raised_from < 93 < quiet.bound


def test_an_alert_on_an_unknown_metric_is_refused(released, tmp_path):
    file = written(tmp_path / "s.jsonl", [sample(1)])
    rule = AlertRule(metric="contract", below=98)

    with pytest.raises(UsageError) as caught:
        scored(released, [file], by=("channel",), alerts=(rule,))

    assert caught.value.message == "there is no metric `contract` for an alert"


def test_an_unknown_metric_in_the_configuration_is_refused_with_its_place(released, tmp_path):
    file = written(tmp_path / "s.jsonl", [sample(1)])
    repo = released.copied_to(tmp_path / "repo")
    with (repo.root / "promptops.toml").open("a") as configuration:
        configuration.write('[[score.alerts]]\nmetric = "contract"\nbelow = 98\n')
    rule = AlertRule(metric="contract", below=98)

    with pytest.raises(UsageError) as caught:
        scored(repo, [file], alerts=(rule,))

    assert (caught.value.where, caught.value.hint) == (
        "promptops.toml:6:10",
        "did you mean `contracts`?",
    )


def test_judges_without_an_assertion_for_them_are_reported(released, tmp_path):
    failed = written(tmp_path / "failed.jsonl", [sample(1, output=None, error="timeout")])
    plain = written(tmp_path / "plain.jsonl", [sample(1, prompt="quick", version=None)])
    repo = released.copied_to(tmp_path / "repo")
    repo.write({"prompts/quick.prompt.yaml": NEXT[: NEXT.index("evaluation")]})
    repo.commit("a prompt without an evaluation")

    found = [scored(repo, [file], judge=2) for file in (failed, plain)]
    without = scored(repo, [plain])

    assert [each.nothing_to_judge for each in (*found, without)] == [True, True, False]


def test_alerts_that_no_group_has_a_value_for_are_reported(released, tmp_path):
    file = written(tmp_path / "s.jsonl", [{**sample(1), "latency_s": None}])
    rules = (
        AlertRule(metric="errors", above=1),
        AlertRule(metric="p95", above=1),
        AlertRule(metric="errors", above=1, prompts=("aks",)),
    )

    by_prompt = scored(released, [file], by=("prompt",), alerts=rules)
    by_channel = scored(released, [file], by=("channel",), alerts=rules)

    assert (by_prompt.idle, by_channel.idle) == (rules[1:], rules[1:])


def test_alerts_on_latency_cost_types_and_scores_are_evaluated(released, tmp_path):
    slow = {"latency_s": 9.0, "cost_usd": 0.01, "output": json.dumps({"reply": "`x`"})}
    file = written(tmp_path / "s.jsonl", [sample(number, **slow) for number in range(200)])
    rules = (
        AlertRule(metric="p95", above=4),
        AlertRule(metric="p50", above=4),
        AlertRule(metric="cost_1000", above=5),
        AlertRule(metric="not-contains", below=90),
        AlertRule(metric="style", below=90),
        AlertRule(metric="errors", above=1),
    )

    found = scored(released, [file], by=("prompt",), alerts=rules)

    raised = {each.metric: round(each.value) for each in found.alerts}
    assert raised == {"p95": 9, "p50": 9, "cost_1000": 10, "not-contains": 0, "style": 0}
    assert [each.metric for each in found.quiet] == ["errors"]


def test_only_selected_prompts_and_a_share_of_their_samples_are_scored(released, tmp_path):
    samples = [sample(number, prompt="ask" if number % 2 else "other") for number in range(200)]
    samples = [{**each, "version": "1.1.0"} for each in samples]
    file = written(tmp_path / "s.jsonl", samples)

    counts = scored(released, [file], prompts=("o*",), share=0.5).samples

    assert (counts.read, counts.unselected) == (200, 100)
    assert counts.scored == counts.sampled
    assert 25 < counts.sampled < 75


def test_a_run_that_scores_nothing_gives_the_reason(released, tmp_path):
    unknown = written(tmp_path / "unknown.jsonl", [sample(1, prompt="unknown")])
    unselected = written(tmp_path / "ask.jsonl", [sample(1)])

    assert scored(released, [unknown]).nothing.startswith("no sample names a prompt, and a")
    expected = "no sample is of a prompt that matches other"
    assert scored(released, [unselected], prompts=("other",)).nothing == expected


def test_failing_samples_are_kept_for_cases_without_those_that_are_alike(released, tmp_path):
    samples = [
        sample(1, inputs={"question": "Where is order 17?"}, output=LONG),
        sample(2, inputs={"question": "WHERE is order 18?"}, output=LONG),
        sample(3, inputs={"question": "Who are you?"}, output="no JSON"),
        sample(4),
    ]

    found = scored(released, [written(tmp_path / "s.jsonl", samples)], failures=5)

    questions = [each.inputs["question"] for each in found.failing]
    assert len(questions) == 2
    assert "Who are you?" in questions


def test_events_come_in_the_order_of_the_samples(released, tmp_path):
    files = [
        written(tmp_path / f"{number}.jsonl", [sample(number * 10 + at) for at in range(3)])
        for number in range(3)
    ]
    lines: list[bytes] = []

    scored(released, files, events=True, on_events=lines.append)

    ids = [
        attribute["value"]["stringValue"]
        for line in b"".join(lines).decode().splitlines()
        for attribute in json.loads(line)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0][
            "attributes"
        ]
        if attribute["key"] == "gen_ai.response.id"
    ]
    assert ids == [f"s{number * 10 + at}" for number in range(3) for at in range(3)]


def test_too_many_groups_are_refused_with_the_dimension_to_leave_out(released):
    with workspace(released.root) as opened:
        by = ("prompt", "model")
        pack = pack_of(opened, "HEAD", (), PartSettings(by=by)).pack
    failed = (
        Sample(id=f"{number}", prompt="ask", version="1.0.0", model=f"m{number}", error="timeout")
        for number in range(30_000)
    )

    with pytest.raises(UsageError) as caught:
        score_samples(failed, pack)

    assert caught.value.message.startswith("there are more than 20,000 groups with assertions: `mo")
    assert caught.value.hint == "leave it out: --by prompt"


def test_the_pack_has_each_different_prompt_once_and_the_same_bytes_every_time(released):
    with workspace(released.root) as opened:
        packs = [pack_of(opened, "HEAD", (), PartSettings(by=("prompt",))).pack for _ in range(2)]

    value = packs[0].parsed()
    assert packs[0].digest == packs[1].digest
    assert [each["id"] for each in value["prompts"]] == ["ask", "ask", "other", "new"]
    assert value["releases"]["v1.1.0"] == {
        "ask": [1, "1.1.0"],
        "old/ask": [1, "1.1.0"],
        "other": [2, "1.1.0"],
    }
    assert STYLE in value["prompts"][0]["parts"].values()


def test_a_span_without_content_is_no_error_and_is_counted(released, tmp_path):
    names = {
        "gen_ai.operation.name": "chat",
        "gen_ai.prompt.name": "ask",
        "promptops.release": "v1.0.0",
    }
    attributes = [{"key": key, "value": {"stringValue": name}} for key, name in names.items()]
    spans = [{"traceId": "a1", "spanId": "b1", "name": "chat", "attributes": attributes}]
    line = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}

    found = scored(released, [written(tmp_path / "s.jsonl", [line])])

    (group,) = found.groups
    assert (group.n, group.errors.count, group.contracts.n) == (1, 0, 0)
    assert found.samples.without_answer == 1


def test_answers_are_counted_by_their_form(released, tmp_path):
    outputs = ["hello", '{"a": 1}', {"a": 1}, {"message": {"content": "hello"}}, "[not JSON", ""]
    named = {"prompt": "ask", "release": "v1.0.0"}
    rows = [{**named, "id": str(n), "output": each} for n, each in enumerate(outputs)]

    found = scored(released, [written(tmp_path / "s.jsonl", rows)]).samples

    forms = found.text_answers, found.json_answers, found.unwrapped_answers
    assert (found.scored, forms) == (6, (2, 2, 1))
