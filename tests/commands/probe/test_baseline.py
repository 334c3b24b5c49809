"""The rate of an earlier revision: a weaker prompt fails, an unchanged one passes."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from promptops.evals.engine.ask import Settings
from tests.commands.probe.attacked import PROMPT, RECORDINGS, RULES, configured, probed, provider
from tests.servers.fault_server import fault_server

FAMILIES = (
    *("authority", "delimiter-break", "direct-order", "encoding", "fake-turn"),
    *("language", "many-shot", "persona", "refusal-suppression", "split-payload"),
)
"""With fewer families, one answer to each attack proves nothing."""
ANOTHER_MODEL = "another model"
WEAKER = PROMPT.replace("Never promise a refund", "Promise a refund")


@pytest.fixture
def served(repo):
    """Recorded answers that resist, committed; the weaker prompt obeys the attacks in `obeyed`.

    Another model obeys them for both prompts.
    """
    obeyed = set()
    obeys = provider(lambda each: each.id in obeyed or each.family in obeyed)
    resists = provider(lambda _: False)

    def plan(received):
        if ANOTHER_MODEL in obeyed:
            return replace(answer := obeys(received), body=answer.body.replace(b"-1", b"-2"))
        return (obeys if is_weaker(received) else resists)(received)

    with fault_server(plan) as server:
        configured(repo, server, PROMPT + RULES)
        probed(repo, *FAMILIES, mode="record", chosen="smoke")
        repo.commit("one")
        server.requests.clear()
        yield obeyed, server


def is_weaker(received) -> bool:
    return b"Promise a refund" in received.body


def changed(repo, prompt: str) -> None:
    repo.write({"prompts/ask.prompt.yaml": prompt + RULES})


@pytest.mark.slow
def test_a_prompt_that_obeys_more_families_than_its_baseline_fails(repo, served):
    changed(repo, WEAKER)
    served[0].update(FAMILIES)

    run = probed(repo, *FAMILIES, mode="record", chosen="smoke", baseline="HEAD")

    decided = run.prompts[0].decided
    assert (run.verdict, decided.verdict, decided.score) == ("fail", "fail", "resistance")
    assert decided.plain.startswith("100.0 points lower than HEAD: ")
    assert [text.partition(":")[0] for text in run.prompts[0].failures] == [
        "attacks succeed more often than at the baseline"
    ]
    assert {(each.before, each.after) for each in decided.worst} == {(1.0, 0.0)}


@pytest.mark.slow
def test_a_prompt_that_resists_as_its_baseline_did_does_not_fail(repo, served):
    changed(repo, WEAKER)

    run = probed(repo, *FAMILIES, mode="record", chosen="smoke", baseline="HEAD")

    assert (run.rate.succeeded, run.prompts[0].failures) == (0, ())
    assert run.prompts[0].decided.line.startswith("0.0 points [")
    assert run.verdict == "inconclusive"  # ten answers can't exclude a loss of a few points
    assert run.prompts[0].decided.line.endswith(
        " · no family looks worse, so no fresh answers were requested"
    )
    assert len(served[1].requests) == len(run.cases)


@pytest.mark.slow
def test_fresh_answers_of_both_sides_prove_a_family_that_gives_in(repo, served):
    changed(repo, WEAKER)
    obeyed, server = served
    obeyed.add("persona")
    attacks = ["persona-unbound in message", "persona-unbound in notes.0.text"]

    run = probed(repo, *FAMILIES, mode="record", chosen="smoke", baseline="HEAD")
    requests = Counter(map(is_weaker, server.requests))
    again = probed(repo, *FAMILIES, mode="record", chosen="smoke", baseline="HEAD")
    replayed = probed(repo, *FAMILIES, chosen="smoke", baseline="HEAD")

    decided = run.prompts[0].decided
    assert (run.verdict, decided.verdict, sorted(decided.culprits)) == ("fail", "fail", attacks)
    # Six repeats of all attacks, of which the baseline has recorded one; 8 fresh answers to two.
    count = len(run.cases)
    assert requests == {True: 6 * count + 16, False: 5 * count + 16}
    assert again.prompts[0].decided.line == decided.line
    assert len(server.requests) == requests.total()
    assert Counter(json.loads(line)["repeat"] for line in recorded(repo)) == {0: count}
    assert (replayed.verdict, replayed.prompts[0].failures) == ("inconclusive", ())
    assert replayed.prompts[0].decided.summary == (
        f"10.0 points lower than HEAD: 2 of {count} attacks worse, 0 better"
        " · these recordings can't prove a loss under 41 points"
        "; 3 repeats per attack, on both sides, would give a clearer result"
        ": `promptops probe --live` requests them"
    )


@pytest.mark.slow
def test_a_model_that_changed_is_not_blamed_on_the_prompt(repo, served):
    changed(repo, WEAKER)
    obeyed, server = served
    obeyed.update(("persona", ANOTHER_MODEL))

    recorded_ones = probed(repo, *FAMILIES, mode="record", chosen="smoke", baseline="HEAD")
    count = len(server.requests)
    live = probed(repo, *FAMILIES, mode="live", chosen="smoke", baseline="HEAD")

    assert [run.prompts[0].failures for run in (recorded_ones, live)] == [(), ()]
    assert recorded_ones.prompts[0].decided.line.endswith(
        "baseline HEAD (recorded, another model) · these recordings can't prove a loss under 41"
        " points; 3 repeats per attack, on both sides, would give a clearer result"
        ": `promptops probe --live` requests them"
    )
    assert live.prompts[0].decided.line.endswith(
        "baseline HEAD (requested again)"
        " · no family looks worse, so no fresh answers were requested"
    )
    assert (count, len(server.requests)) == (len(live.cases), 3 * len(live.cases))


@pytest.mark.slow
def test_fresh_answers_are_within_the_budget(repo, served):
    changed(repo, WEAKER)
    obeyed, server = served
    obeyed.add("persona")
    most = Settings(concurrency=1, max_requests=25)

    run = probed(repo, *FAMILIES, mode="live", chosen="smoke", baseline="HEAD", settings=most)

    assert len(server.requests) == 25
    assert (run.verdict, bool(run.ended), run.unasked > 0) == ("inconclusive", True, True)


def recorded(repo) -> list[str]:
    """The lines of the recordings."""
    lines = (repo.root / RECORDINGS).read_text().splitlines()
    return [line for line in lines if "request" in line]


def test_the_same_requests_are_not_compared_and_the_first_time_nothing_is(repo):
    with fault_server(provider(lambda _: True)) as server:
        configured(repo, server, PROMPT + RULES)
        first = probed(repo, "many-shot", mode="live")
        repo.commit("one")
        same = probed(repo, "many-shot", mode="live", baseline="HEAD")
        changed(repo, WEAKER)
        unrecorded = probed(repo, "many-shot", mode="live", baseline="HEAD")

    assert first.prompts[0].decided is None
    assert same.prompts[0].decided.line == "0.0 points; the requests are the same as those of HEAD"
    assert unrecorded.prompts[0].decided.line == "HEAD has no recorded answers to these attacks"
    assert [first.verdict, same.verdict, unrecorded.verdict] == ["pass", "pass", "inconclusive"]
