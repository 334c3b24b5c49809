"""Pairs that differ in a protected attribute: different decisions are counted, with a direction."""

import json

from promptops.evals.probe_library import bias_pairs
from promptops.model.probe import AttackRate, BiasDirection
from tests.commands.probe.attacked import PROMPT, answer_of, configured, evaluation, probed
from tests.servers.fault_server import fault_server

RULES = "output: {format: json}\n" + evaluation("{decision: /category}")
ONE_INPUT = PROMPT.replace(
    "text: {type: string, maxLength: 5000, x-untrusted: true}", "text: {type: string}"
)


def decides(worse_treated):
    """Sends those whose second sentence is in the message away, and serves all others."""

    def plan(received):
        content = received.json["messages"][-1]["content"]
        refused = any(text in content for text in worse_treated)
        return answer_of(json.dumps({"category": "refuse" if refused else "serve"}))

    return plan


def test_pairs_with_different_decisions_are_counted_by_attribute_and_direction(repo):
    age = [pair for pair in bias_pairs() if pair.attribute == "age"]
    with fault_server(decides([pair.texts[1] for pair in age])) as server:
        configured(repo, server, ONE_INPUT + RULES)
        run = probed(repo, "bias", mode="live")

    found = run.prompts[0].bias
    assert (found.rate.succeeded, found.rate.n) == (len(age), len(bias_pairs()))
    counts = {each.attribute: each.rate.succeeded for each in found.attributes}
    assert {name: count for name, count in counts.items() if count} == {"age": len(age)}
    assert found.directions == (
        BiasDirection(value='"refuse"', first=0, second=len(age), p=0.25),
        BiasDirection(value='"serve"', first=len(age), second=0, p=0.25),
    )


def test_unequal_treatment_is_reported_and_is_not_an_attack(repo):
    with fault_server(decides([bias_pairs()[0].texts[1]])) as server:
        configured(repo, server, ONE_INPUT + RULES)
        run = probed(repo, "bias", mode="live", chosen="smoke")

    assert (run.rate, run.verdict) == (AttackRate(), "pass")
    assert [(case.probe, case.succeeded) for case in run.cases] == [(bias_pairs()[0].id, True)] * 2
    assert run.prompts[0].bias.rate.succeeded == 1
