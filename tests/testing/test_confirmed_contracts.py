"""A violated contract is confirmed with fresh answers, apart from what is measured."""

from dataclasses import replace
from random import Random

import pytest

from promptops.errors import InputError
from promptops.model.test_run import Shard
from promptops.testing.options import RunOptions
from promptops.testing.runner import merge
from promptops.workspace.workspace import workspace
from tests.servers.fault_server import fault_server
from tests.testing.served import (
    ONE_AFTER_THE_OTHER,
    PROMPT,
    by_turn,
    cases,
    configured,
    contracts,
    decisions,
    released,
    reworded,
    run,
)

CONTRACT_AND_SCORE = (
    PROMPT
    + """\
evaluation:
  score: goodness
  assertions:
    - {type: contains, value: good, score: goodness}
    - {type: not-contains, value: secret}
"""
)


def test_what_confirms_a_contract_is_not_what_is_scored(repo):
    """Half of the first answers are bad, and violate a contract; those that confirm do not."""
    prompt = CONTRACT_AND_SCORE + cases(20)

    def answer(text, turn):
        worse = "short" in text and turn == 0 and int(text.rpartition("q")[2]) % 2
        return "bad secret" if worse else "good"

    with fault_server(by_turn(answer)) as server:
        released(repo, server, prompt)
        reworded(repo, prompt)

        found = run(repo, "live", baseline="v1.0.0")

    note = "one of 3 answers violates a contract that the others meet"
    assert [(case.status, case.reason) for case in found.cases] == [
        ("passed", note if n % 2 else "") for n in range(20)
    ]
    assert (found.verdict, decisions(found)) == ("fail", [("fail", "-50.0 points")])


@pytest.mark.parametrize(
    ("violating", "status", "reason", "shown"),
    [
        ({1}, "passed", "", "good"),
        ({1, 2}, "passed", "0 of 8 fresh answers violate a contract, 0 of 8 at v1.0.0", "good"),
        (
            range(1, 30),
            "failed",
            "8 of 8 fresh answers violate a contract, 0 of 8 at v1.0.0",
            "good secret",
        ),
    ],
    ids=["one", "two", "all"],
)
def test_two_violations_among_further_answers_put_a_case_in_doubt(
    repo, violating, status, reason, shown
):
    prompt = CONTRACT_AND_SCORE + cases(1)

    def answer(text, turn):
        return "good secret" if "short" in text and turn in violating else "good"

    with fault_server(by_turn(answer)) as server:
        released(repo, server, prompt)
        reworded(repo, prompt)

        found = run(repo, "live", baseline="v1.0.0")

    (case,) = found.cases
    assert (case.status, case.reason, case.answer.text) == (status, reason, shown)
    assert decisions(found) == [("inconclusive", "0.0 points")]


# Without a score: contracts alone. The answers of each case by turn: first, two further, 8 fresh.


def verdicts(found):
    return {case.name: (case.status, case.reason, case.answer.text) for case in found.cases}


def kept(*turns):
    """From the turn of a request to an answer that keeps the contract in these turns only."""
    return lambda text, turn: "good" if "brief" in text or turn in turns else "bad"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (kept(0), ("passed", "", "good")),
        (kept(1, 2), ("passed", "one of 3 answers violates a contract that the others meet")),
        (kept(), ("failed", "8 of 8 fresh answers violate a contract, 0 of 8 at v1.0.0")),
        (
            kept(2, 3, 4, 5),
            ("failed", "5 of 8 fresh answers violate a contract, 0 of 8 at v1.0.0"),
        ),
        (
            kept(2, 3, 4, 5, 6, 7, 8),
            ("passed", "2 of 8 fresh answers violate a contract, 0 of 8 at v1.0.0"),
        ),
    ],
    ids=["keeps", "keeps-twice", "never", "mostly-violates", "violates-now-and-then"],
)
def test_a_violated_contract_is_compared_with_fresh_answers_of_the_baseline(repo, answer, expected):
    with fault_server(by_turn(answer)) as server:
        released(repo, server, PROMPT + contracts(1))
        reworded(repo, PROMPT + contracts(1))

        found = run(repo, "live", baseline="v1.0.0")

    status, reason, *_ = expected
    text = "good" if status == "passed" else "bad"
    assert verdicts(found) == {"c0": (status, reason, text)}
    assert found.baseline == ""


@pytest.mark.parametrize(
    ("turns", "status", "violations"), [((1,), "failed", 8), ((2, 3, 4), "passed", 6)]
)
def test_a_case_that_violates_as_often_at_the_baseline_fails_if_it_nearly_always_does(
    repo, turns, status, violations
):
    """Turn 0 of the baseline is recorded; its 8 fresh answers are those of the candidate."""

    def answer(text, turn):
        turn = turn if "short" in text else turn + 2
        return "good" if turn in turns or ("brief" in text and turn == 2) else "bad"

    with fault_server(by_turn(answer)) as server:
        released(repo, server, PROMPT + contracts(1))
        reworded(repo, PROMPT + contracts(1))

        (case,) = run(repo, "live", baseline="v1.0.0").cases

    assert (case.status, case.reason) == (
        status,
        f"{violations} of 8 fresh answers violate a contract, {violations} of 8 at v1.0.0",
    )


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ((1, 3), ("failed", "7 of 8 fresh answers violate a contract")),
        ((1, 3, 4), ("passed", "6 of 8 fresh answers violate a contract")),
    ],
)
def test_without_a_baseline_a_case_fails_from_seven_violations_of_eight_on(repo, turns, expected):
    with fault_server(by_turn(kept(*turns))) as server:
        configured(repo, server, PROMPT.replace("Be brief", "Be short") + contracts(1))
        repo.commit("one")

        (case,) = run(repo, "live").cases

    status, reason = expected
    rest = "without a baseline (`--baseline REV`) the case fails from 7 on"
    assert (case.status, case.reason) == (status, f"{reason}; {rest}")
    assert len(server.requests) == 11


def test_a_case_whose_inputs_the_baseline_refuses_is_judged_by_its_own_answers(repo):
    wider = PROMPT.replace("maxLength: 100", "maxLength: 200").replace("Be brief", "Be short")
    long = "x" * 150 + "q0"
    prompt = f"{wider}{contracts(1)}".replace("question: q0", f"question: {long}")
    with fault_server(by_turn(kept(1, 3, 4))) as server:
        released(repo, server, PROMPT + contracts(1))
        repo.write({"prompts/ask.prompt.yaml": prompt})

        (case,) = run(repo, "live", baseline="v1.0.0").cases

    rest = "it can't be compared with v1.0.0, and fails from 7 on"
    assert (case.status, case.reason) == (
        "passed",
        f"6 of 8 fresh answers violate a contract; {rest}",
    )


def test_a_release_whose_configuration_is_broken_is_no_baseline_for_contracts(repo):
    with fault_server(by_turn(kept(2))) as server:
        released(repo, server, PROMPT + contracts(1))
        right = (repo.root / "promptops.toml").read_text()
        repo.write({"promptops.toml": "models = 3\n"})
        repo.commit("broken")
        repo.git("tag", "-a", "-m", "two", "v2.0.0")
        repo.write({"promptops.toml": right})
        reworded(repo, PROMPT + contracts(1))
        repo.commit("right")

        (case,) = run(repo, "live").cases
        with pytest.raises(InputError):
            run(repo, "live", baseline="v2.0.0")

    rest = "without a baseline (`--baseline REV`) the case fails from 7 on"
    assert (case.status, case.reason) == (
        "failed",
        f"8 of 8 fresh answers violate a contract; {rest}",
    )


def test_an_unchanged_prompt_is_requested_once_for_both_sides(repo):
    with fault_server(by_turn(lambda text, turn: "good" if turn in (0, 6, 7) else "bad")) as server:
        released(repo, server, PROMPT + contracts(1))

        (case,) = run(repo, "live", baseline="v1.0.0").cases

    assert (case.status, case.reason) == (
        "passed",
        "6 of 8 fresh answers violate a contract, 6 of 8 at v1.0.0",
    )
    assert len(server.requests) == 11


def test_five_cases_are_tried_again_and_others_fail_only_if_they_never_keep_a_contract(repo):
    """All of eight cases violate first; the last two do so in one further answer of two."""

    def answer(text, turn):
        often = int(text.rpartition("q")[2]) < 6
        return "bad" if "short" in text and turn <= (30 if often else 1) else "good"

    with fault_server(by_turn(answer)) as server:
        released(repo, server, PROMPT + contracts(8))
        reworded(repo, PROMPT + contracts(8))

        found = run(repo, "live", baseline="v1.0.0")

    fresh = "8 of 8 fresh answers violate a contract, 0 of 8 at v1.0.0"
    rest = "2 answers violate a contract; only the 5 cases with most violations were tried again"
    assert verdicts(found) == {
        **{f"c{n}": ("failed", fresh, "bad") for n in range(5)},
        "c5": ("failed", "all 3 answers violate a contract", "bad"),
        "c6": ("passed", rest, "good"),
        "c7": ("passed", rest, "good"),
    }


def test_a_case_whose_fresh_answers_are_missing_stays_failed(repo):
    with fault_server(by_turn(kept(2))) as server:
        released(repo, server, PROMPT + contracts(1))
        reworded(repo, PROMPT + contracts(1))
        few = replace(ONE_AFTER_THE_OTHER, max_requests=7)

        found = run(repo, "live", baseline="v1.0.0", settings=few)

    (case,) = found.cases
    assert (case.status, case.answer.text) == ("failed", "bad")
    assert found.unasked > 0


def test_merged_shards_confirm_a_contract_as_one_run_does(repo):
    def answer(text, turn):
        number = int(text.rpartition("q")[2])
        return "bad" if "short" in text and number % 2 and (number < 4 or turn < 2) else "good"

    with fault_server(by_turn(answer)) as server:
        released(repo, server, PROMPT + contracts(8))
        reworded(repo, PROMPT + contracts(8))
        repo.commit("short")
        shards = [
            run(repo, "live", baseline="v1.0.0", shard=Shard(index=index, count=3)).shard
            for index in (1, 2, 3)
        ]
        server.requests.clear()

        with workspace(repo.root) as opened:
            merged = merge(opened, shards, RunOptions())

    fresh = "{} of 8 fresh answers violate a contract, 0 of 8 at v1.0.0"
    assert server.requests == []
    assert {name: found[:2] for name, found in verdicts(merged).items()} == {
        **{f"c{n}": ("passed", "") for n in (0, 2, 4, 6)},
        **{f"c{n}": ("failed", fresh.format(8)) for n in (1, 3)},
        **{f"c{n}": ("passed", fresh.format(0)) for n in (5, 7)},
    }


@pytest.mark.slow
def test_two_hundred_unchanged_cases_of_which_each_tenth_is_flaky_do_not_fail(repo):
    """They break their contract in a tenth of the answers; two confirming answers failed 31%."""
    draw = Random(5)

    def answer(text, turn):
        flaky = int(text.rpartition("q")[2]) % 10 == 0
        return "bad" if flaky and draw.random() < 0.1 else "good"

    with fault_server(by_turn(answer)) as server:
        released(repo, server, PROMPT + contracts(200))
        reworded(repo, PROMPT + contracts(200))
        many = replace(ONE_AFTER_THE_OTHER, concurrency=8)

        found = [run(repo, "live", baseline="v1.0.0", settings=many) for _ in range(12)]

    assert [each.verdict for each in found] == ["pass"] * 12
    assert any("fresh answers" in case.reason for each in found for case in each.cases)
