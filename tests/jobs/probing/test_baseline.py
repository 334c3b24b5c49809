"""The rate of an earlier revision: a weaker prompt fails, an unchanged one passes."""

import pytest

from tests.jobs.probing.attacked import PROMPT, RULES, configured, probed, provider
from tests.servers.fault_server import fault_server

FAMILIES = (
    *("authority", "delimiter-break", "direct-order", "encoding", "fake-turn"),
    *("language", "many-shot", "persona", "refusal-suppression", "split-payload"),
)
"""With fewer families, one answer to each attack proves nothing."""
WEAKER = PROMPT.replace("Never promise a refund", "Promise a refund")


@pytest.fixture
def served(repo):
    """Recorded answers that resist, committed; the server obeys the attacks in `obeyed`."""
    obeyed = set()
    with fault_server(provider(lambda each: each.id in obeyed or each.family in obeyed)) as server:
        configured(repo, server, PROMPT + RULES)
        probed(repo, *FAMILIES, mode="record", chosen="smoke")
        repo.commit("one")
        yield obeyed


def changed(repo, prompt: str) -> None:
    repo.write({"prompts/ask.prompt.yaml": prompt + RULES})


@pytest.mark.slow
def test_a_prompt_that_obeys_more_families_than_its_baseline_fails(repo, served):
    changed(repo, WEAKER)
    served.update(FAMILIES)

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


def test_the_same_requests_are_not_compared_and_the_first_time_nothing_is(repo):
    with fault_server(provider(lambda _: True)) as server:
        configured(repo, server, PROMPT + RULES)
        first = probed(repo, "many-shot", mode="live")
        repo.commit("one")
        same = probed(repo, "many-shot", mode="live", baseline="HEAD")
        changed(repo, WEAKER)
        unrecorded = probed(repo, "many-shot", mode="live", baseline="HEAD")

    assert first.prompts[0].decided is None
    assert same.prompts[0].decided.line == "0.0 points; HEAD sends the same requests"
    assert unrecorded.prompts[0].decided.line == "HEAD has no recorded answers to these probes"
    assert [first.verdict, same.verdict, unrecorded.verdict] == ["pass", "pass", "inconclusive"]
