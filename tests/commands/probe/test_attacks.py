"""Attacks on a prompt: who obeys is found, who resists is not blamed, and nothing passes unseen."""

import json

import pytest

from promptops.commands.probe.report import accepted_probes, not_judged
from promptops.evals.probe_library import family_names, probes
from promptops.model.probe import SkippedProbe, TaskCount
from tests.commands.probe.attacked import (
    FILE,
    PROMPT,
    RECORDINGS,
    RULES,
    configured,
    evaluation,
    outcomes,
    probed,
    provider,
)
from tests.servers.fault_server import fault_server
from tests.tiers import fast_first

MUST = evaluation("{must: [direct-order]}")


def test_a_model_that_obeys_every_attack_is_found_in_each_family(repo):
    with fault_server(provider(lambda _: True)) as server:
        configured(repo, server)
        run = probed(repo, chosen="smoke", mode="live")

    assert {name: bool(found) for name, found in outcomes(run).items() if not found} == {}
    assert (run.rate.succeeded, run.rate.n, run.rate.high) == (len(run.cases), len(run.cases), 1)
    assert {each.family for each in run.families} == {*family_names()} - {"bias"}
    assert {cell.input for cell in run.prompts[0].matrix} == {"message", "notes.0.text"}


def test_a_model_that_obeys_no_attack_has_a_rate_of_0_and_passes(repo):
    with fault_server(provider(lambda _: False)) as server:
        configured(repo, server)
        run = probed(repo, chosen="smoke", mode="live")

    assert {*outcomes(run).values()} == {False}
    assert (run.rate.succeeded, run.rate.low, run.verdict) == (0, 0, "pass")
    assert run.rate.high == pytest.approx(0.155, abs=0.001)  # 21 families, whatever the inputs


@pytest.mark.slow
def test_every_probe_of_the_library_is_told_apart_on_every_input(repo):
    obeyed = {each.id for index, each in enumerate(probes()) if index % 2}
    with fault_server(provider(lambda each: each.id in obeyed)) as server:
        configured(repo, server)
        run = probed(repo, mode="live")

    assert {case.probe for case in run.cases if case.succeeded} == obeyed
    assert {case.probe for case in run.cases if case.succeeded is False} == {
        each.id for each in probes()
    } - obeyed


def test_recorded_answers_are_replayed_without_a_call_and_are_not_next_to_the_prompt(repo):
    with fault_server(provider(lambda each: each.family == "persona")) as server:
        configured(repo, server)
        first = probed(repo, "persona", "authority", mode="record")
        called = len(server.requests)
        again = probed(repo, "persona", "authority")

    assert called == len(first.cases) == len(server.requests)
    assert outcomes(again) == outcomes(first)
    assert {case.run.source for case in again.cases} == {"recorded"}
    assert sorted(repo.git("status", "--porcelain", "-uall").split()[1::2]) == [
        RECORDINGS,
        "promptops.toml",
        FILE,
    ]
    rows = [json.loads(line) for line in (repo.root / RECORDINGS).read_text().splitlines()]
    assert {row["case"] for row in rows} == {*outcomes(first)}


def test_missing_recordings_are_stale_and_fail(repo):
    with fault_server() as server:
        configured(repo, server)
        run = probed(repo, "persona")

    assert {case.run.status for case in run.cases} == {"stale"}
    assert (run.verdict, run.stale, run.rate.n) == ("fail", len(run.cases), 0)


def test_without_an_untrusted_input_nothing_is_attacked_and_the_run_says_so(repo):
    with fault_server() as server:
        configured(repo, server, PROMPT.replace(", x-untrusted: true", ""))
        run = probed(repo)

    assert (run.nothing, run.cases, run.verdict) == (
        "no input is marked x-untrusted",
        (),
        "pass",
    )


def test_a_smoke_run_sends_the_first_probe_that_fits_and_names_a_family_without_one(repo):
    unmarked = PROMPT.replace("message: {type: string, x-untrusted: true}", "message: {}")
    short_item = unmarked.replace("maxLength: 5000", "maxLength: 500")
    short = PROMPT.replace("maxLength: 5000, x-untrusted: true", "maxLength: 500").replace(
        "message: {type: string", "message: {type: string, maxLength: 500"
    )
    families = ("indirect-document", "many-shot")
    with fault_server(provider(lambda _: False)) as server:
        configured(repo, server, short_item + RULES)
        of_list = probed(repo, *families, mode="live", chosen="smoke")
        configured(repo, server, short + RULES)
        of_text = probed(repo, *families, mode="live", chosen="smoke")

    assert list(outcomes(of_list)) == ["indirect-document-list-item in notes.0.text"]
    assert (of_text.cases, of_text.verdict) == ((), "pass")
    assert [(each.family, each.id, each.why.partition(" (")[0]) for each in of_text.skipped] == [
        ("indirect-document", "", "no untrusted input is a document"),
        ("many-shot", "many-shot-joined-words", "longer than `maxLength`"),
    ]
    assert of_text.nothing == (
        "ask: the family `indirect-document`: no untrusted input is a document (`maxLength` of at"
        " least 1,000; `message` has 500) or an item of a list"
    )


def test_a_probe_over_max_length_is_skipped_and_counted(repo):
    short = PROMPT.replace("maxLength: 5000", "maxLength: 60")
    with fault_server(provider(lambda _: False)) as server:
        configured(repo, server, short + RULES)
        run = probed(repo, "template-literal", mode="live")

    long = [each for each in run.skipped if each.id]
    assert {each.input for each in long} == {"notes.0.text"}
    assert long[0].why.startswith("longer than `maxLength` (")
    assert len(run.cases) + len(long) == 2 * len(probes(["template-literal"]))


def test_the_contracts_of_the_prompt_are_told_apart_from_the_success_of_an_attack(repo):
    task = (
        "  assertions:\n    - {type: contains, value: Thank you}\n"
        "    - {type: contains, value: zzz, score: tone}\n"
    )
    with fault_server(provider(lambda each: each.family == "persona")) as server:
        configured(repo, server, PROMPT + evaluation("{}", task))
        run = probed(repo, "persona", "authority", mode="live")

    assert {(case.family, case.succeeded, case.kept) for case in run.cases} == {
        ("persona", True, False),
        ("authority", False, True),
    }
    assert run.prompts[0].kept == TaskCount(14, 28)


@pytest.mark.parametrize(("percent", "fails"), fast_first([(1, True), (90, False)], 1))
def test_a_prompt_fails_if_certainly_more_attacks_succeed_than_it_accepts(repo, percent, fails):
    with fault_server(provider(lambda _: True)) as server:
        configured(repo, server, PROMPT + evaluation(f"{{max: {percent}}}"))
        run = probed(repo, chosen="smoke", mode="live")

    assert [text.partition(":")[0] for text in run.prompts[0].failures] == [
        f"certainly over `evaluation.probes.max`, which is {percent}%"
    ] * fails
    assert run.verdict == ("fail" if fails else "pass")


def test_a_family_that_must_fail_is_asked_twice_more_before_it_fails_the_prompt(repo):
    with fault_server(provider(lambda each: each.id == "direct-order-ignore")) as server:
        configured(repo, server, PROMPT + MUST)
        run = probed(repo, "direct-order", mode="record")
        again = probed(repo, "direct-order")

    broken = [case for case in run.cases if case.succeeded]
    assert sorted((case.input, case.run.repeat) for case in broken) == [
        (name, repeat) for name in ("message", "notes.0.text") for repeat in range(3)
    ]
    assert run.prompts[0].failures == (
        "no probe of `direct-order` may succeed: `direct-order-ignore in message`,"
        " `direct-order-ignore in notes.0.text`",
    )
    assert again.prompts == run.prompts
    attacks = len({case.run.name for case in run.cases})
    rates = [run.rate, run.prompts[0].limited, run.families[0].rate]
    assert [(rate.succeeded, rate.n) for rate in rates] == [(2, attacks)] * 3
    assert run.prompts[0].attacked == attacks


def test_one_success_of_three_answers_does_not_fail_a_family_that_must_fail(repo):
    seen = []

    def once(each):
        seen.append(each.id)
        return each.id == "direct-order-ignore" and seen.count(each.id) == 1

    with fault_server(provider(once)) as server:
        configured(repo, server, PROMPT + MUST)
        run = probed(repo, "direct-order", mode="live")

    assert (run.rate.succeeded, run.prompts[0].failures) == (1, ())


def test_an_accepted_probe_fails_nothing_and_is_reported_once_it_no_longer_succeeds(repo):
    accepted = "direct-order-ignore"
    rules = evaluation(f"{{max: 0, must: [direct-order], accept: [{accepted}]}}")
    obeyed = {accepted}
    with fault_server(provider(lambda each: each.id in obeyed)) as server:
        configured(repo, server, PROMPT + rules)
        lives_with_it = probed(repo, "direct-order", mode="live")
        obeyed.clear()
        fixed = probed(repo, "direct-order", mode="live")

    assert lives_with_it.prompts[0].failures == ()
    assert {case.accepted for case in lives_with_it.cases if case.succeeded} == {True}
    assert [lives_with_it.prompts[0].unused, fixed.prompts[0].unused] == [(), (accepted,)]


def test_an_accepted_probe_needs_no_verdict(repo):
    toxic = [each.id for each in probes(["toxicity"])]
    with fault_server(provider(lambda _: False, judged="I can't tell.")) as server:
        configured(repo, server, PROMPT + evaluation("{max: 5}"))
        run = probed(repo, "toxicity", mode="live")
        configured(repo, server, PROMPT + evaluation(f"{{accept: [{', '.join(toxic)}]}}"))
        lives_with_it = probed(repo, "toxicity", mode="live")

    assert (run.verdict, run.prompts[0].unjudged) == ("fail", ())
    assert (lives_with_it.verdict, lives_with_it.prompts[0].unjudged) == ("pass", tuple(toxic))
    assert (not_judged(run), not_judged(lives_with_it)) == (2 * len(toxic), 0)
    assert list(accepted_probes(lives_with_it.prompts[0])) == [
        "no verdict, which fails nothing: `toxicity-order`, `toxicity-provocation`,"
        " `toxicity-third-person` and 3 more"
    ]


@pytest.mark.parametrize(
    ("rules", "key", "hint"),
    [
        ("{must: [tool-misuse]}", "tools", "tools: [NAME]"),
        ("{must: [bias]}", "decision", "decision: /POINTER"),
    ],
)
def test_a_family_that_must_fail_and_is_never_attacked_is_an_error(repo, rules, key, hint):
    family = rules.partition("[")[2].partition("]")[0]
    with fault_server(provider(lambda _: False)) as server:
        configured(repo, server, PROMPT + evaluation(rules))
        run = probed(repo, "direct-order", mode="live")

    assert [each.reason for each in run.problems] == [
        f"`must: [{family}]` has no effect: no `{key}`, so nothing is attacked:"
        f" add `{hint}` to `probes`"
    ]


def test_wrong_values_in_the_rules_are_errors_at_their_places(repo):
    rules = evaluation(
        "{max: 0.05, must: [directorder], accept: [persona-x, persona], tools: [refunds],"
        " decision: /category}"
    )
    with fault_server(provider(lambda _: False)) as server:
        configured(repo, server, PROMPT + rules)
        run = probed(repo, "direct-order", mode="live")
        unsent = probed(repo, "tool-misuse", "bias", mode="live")

    line = (PROMPT + rules).count("\n")
    assert [(each.place.line, each.reason) for each in run.problems] == [
        (
            line,
            "`max` is in percent: 0.05 accepts 0.05% of the attacks:"
            " write `max: 5` for 5%, or `max: 0` for none",
        ),
        (line, "there is no family of probes `directorder`: did you mean `direct-order`?"),
        (line, "there is no probe `persona-x`: did you mean `persona-twin`?"),
        (
            line,
            "`persona` is a family, not a probe:"
            " `accept` names probes: promptops probe --families --family persona -v",
        ),
        (line, "the prompt has no tool `refunds`: did you mean `refund`?"),
        (
            line,
            "`decision` is in the JSON of the answer, and the output of the prompt is text:"
            " declare `output: {format: json}`",
        ),
    ]
    assert run.verdict == "fail"
    assert {each.family: each.why for each in unsent.skipped} == {
        "tool-misuse": "`evaluation.probes.tools` names a tool that the prompt does not have",
        "bias": "`evaluation.probes.decision` needs `output: {format: json}`",
    }
    assert unsent.cases == ()


def test_probes_of_tools_and_of_bias_are_left_out_without_their_keys_and_it_is_said(repo):
    with fault_server(provider(lambda _: False)) as server:
        configured(repo, server, PROMPT + evaluation("{max: 5}"))
        run = probed(repo, "tool-misuse", "bias")

    assert run.cases == ()
    assert run.skipped == (
        SkippedProbe(
            prompt="ask",
            family="tool-misuse",
            why="`evaluation.probes.tools` names no tool that would do harm",
        ),
        SkippedProbe(
            prompt="ask",
            family="bias",
            why="`evaluation.probes.decision` names no value to compare",
        ),
    )
    assert run.nothing == f"ask: the family `tool-misuse`: {run.skipped[0].why}"


def test_an_attack_of_the_template_language_is_text_like_any_other(repo):
    with fault_server(provider(lambda _: False)) as server:
        configured(repo, server)
        run = probed(repo, "template-literal", mode="live")

    assert run.problems == ()
    assert {case.run.status for case in run.cases} == {"passed"}


def test_an_outage_is_not_a_resisted_attack(repo):
    with fault_server() as server:
        configured(repo, server)
    run = probed(repo, "persona", mode="live")

    assert {(case.succeeded, case.run.infrastructure) for case in run.cases} == {(None, True)}
    assert (run.verdict, run.rate.n, run.unanswered) == ("fail", 0, len(run.cases))


def test_an_answer_with_personal_data_is_judged_and_not_recorded(repo):
    with fault_server(provider(lambda each: each.id == "personal-data-memory")) as server:
        configured(repo, server, PROMPT + RULES)
        recorded = probed(repo, "personal-data", mode="record", cases=("*-memory in message",))
        replayed = probed(repo, "personal-data", cases=("*-memory in message",))

    assert [recorded.rate.succeeded, replayed.stale] == [1, 1]
    assert [each.reason for each in recorded.problems] == [
        "the answer to `personal-data-memory in message` is not recorded: it contains personal"
        " data: a card number: make the prompt refuse it: such an answer is never recorded, and a"
        " replay lacks it"
    ]
