"""Models compared on the same cases: what is asked, recorded, decided and recommended."""

from random import Random

import pytest

from promptops.evals.engine.ask import Settings
from promptops.model.arm import KeptContracts, TokenMeans, ValueInterval
from promptops.testing.runner import write_earlier_answers
from tests.commands.compare.compared import (
    CONTRACT,
    ENOUGH,
    MEASURED,
    OWN,
    arms,
    asked,
    by_model,
    cases,
    compared,
    configured,
    contents,
    lines,
    recorded,
    says,
    verdicts,
)
from tests.servers.fault_server import fault_server

CHEAP = "comparisons/cheap/ask.recordings.jsonl"
STRONG = "comparisons/strong/ask.recordings.jsonl"
GOOD = by_model(lambda *_: "good")


def test_two_models_are_recorded_aside_and_replayed_without_a_call(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        recorded(repo)
        before = contents(repo)
        server.requests.clear()

        found = compared(repo, "cheap", "strong", mode="record")

        wanted = [asked(each) for each in server.requests]
    replayed = compared(repo, "cheap", "strong")

    assert list(before) == [OWN]
    assert contents(repo)[OWN] == before[OWN]
    assert sorted(contents(repo)) == [CHEAP, STRONG, OWN]
    # The recorded answers of `fast` are used; the other arms take turns at each case.
    assert wanted == [(arm, f"q{n:02}") for n in range(ENOUGH) for arm in ("cheap", "strong")]
    assert lines(repo, CHEAP) == [(f"c{n:02}", 0, "good") for n in range(ENOUGH)]
    for each in (found, replayed):
        assert verdicts(each) == {
            "fast": "reference",
            "cheap": "not worse",
            "strong": "not worse",
        }
    assert (replayed.fit, replayed.reference, replayed.share) == (("cheap", "strong"), "fast", 2)
    assert found.fit == replayed.fit


def test_costs_are_per_thousand_requests_and_relative_to_the_reference(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        found = compared(repo, "cheap", "strong", mode="record")

    costs = {name: (arm.cost_usd_1000, arm.cost_ratio) for name, arm in arms(found).items()}
    # 10 tokens in and 2 out, at 2, 1 and 8 dollars for a million tokens.
    assert costs == {
        "fast": (0.024, None),
        "cheap": (0.012, ValueInterval(value=0.5, low=0.5, high=0.5)),
        "strong": (0.096, ValueInterval(value=4.0, low=4.0, high=4.0)),
    }
    assert arms(found)["cheap"].tokens == TokenMeans(input=10, output=2)
    assert (found.recommendation.arm, found.recommendation.cheaper) == (None, "cheap")
    assert found.recommendation.sentence == (
        "`cheap` costs 50% less [50, 50] than `fast`; too little to say that it is as good: no"
        " score was compared. It loses a contract in none of 10 cases (up to 36% could break"
        " unseen)"
    )


def test_a_model_that_is_as_good_is_not_worse_and_one_that_is_bad_is_worse(repo):
    answers = by_model(lambda arm, *_: "bad" if arm == "cheap" else "good")
    with fault_server(answers) as server:
        configured(repo, server, MEASURED + cases(60))
        found = compared(repo, "cheap", "strong", mode="record", margin=20)

        numbers = {
            arm: sum(asked(each)[0] == arm for each in server.requests)
            for arm in ("fast", "cheap", "strong")
        }

    assert verdicts(found) == {"fast": "reference", "cheap": "worse", "strong": "not worse"}
    assert found.fit == ("strong",)
    assert found.recommendation.arm is None
    assert arms(found)["cheap"].difference.value == -1.0
    # Both are decided at the first look: nobody is asked again.
    assert numbers == {"fast": 60, "cheap": 60, "strong": 60}


@pytest.mark.slow
def test_an_arm_is_not_worse_where_it_is_the_model_of_the_prompt_already(repo):
    """Equal requests need no proof: few cases are enough, and one answer to each."""
    with fault_server(GOOD) as server:
        configured(repo, server, MEASURED + cases(3))
        other = MEASURED.replace("fast", "cheap") + cases(3).replace("q0", "r0")
        repo.write({"prompts/other.prompt.yaml": other})
        found = compared(repo, "fast", "cheap", mode="record", repeats=1)

        assert len(server.requests) == 12
    assert [verdicts(found, prompt) for prompt in (0, 1)] == [
        {"current": "reference", "fast": "not worse", "cheap": "open"},
        {"current": "reference", "fast": "open", "cheap": "not worse"},
    ]
    same = arms(found)["fast"]
    assert (same.same_requests, same.difference, same.decided, same.needs) == (
        True,
        ValueInterval(value=0.0, low=0.0, high=0.0),
        None,
        "",
    )


@pytest.mark.slow
def test_an_arm_that_is_decided_is_not_asked_further(repo):
    """One arm loses everything at once; the other one needs all looks."""

    def answer(arm: str, question: str, _before: int) -> str:
        if arm == "cheap":
            return "bad"
        return "bad" if arm == "strong" and question in ("q03", "q07") else "good"

    with fault_server(by_model(answer)) as server:
        configured(repo, server, MEASURED + cases(30))
        found = compared(repo, "cheap", "strong", mode="record")

        numbers = {
            arm: sum(asked(each)[0] == arm for each in server.requests)
            for arm in ("fast", "cheap", "strong")
        }

    assert verdicts(found) == {"fast": "reference", "cheap": "worse", "strong": "open"}
    assert numbers == {"fast": 180, "cheap": 30, "strong": 180}
    assert arms(found)["strong"].cases_needed is not None


@pytest.mark.slow
def test_the_number_of_answers_can_be_limited(repo):
    answers = by_model(
        lambda arm, question, _: "bad" if (arm, question) == ("strong", "q01") else "good"
    )
    with fault_server(answers) as server:
        configured(repo, server, MEASURED + cases(10))
        compared(repo, "strong", mode="record", repeats=2)

        assert len(server.requests) == 20


def test_an_arm_that_breaks_inputs_gets_answers_until_only_more_cases_would_decide(repo):
    """`cheap` always breaks three inputs, and one more once; `strong` keeps all at once."""

    def answer(arm: str, question: str, before: int) -> str:
        if arm == "cheap" and (question < "q03" or (question == "q03" and before == 0)):
            return "bad"
        return "good"

    with fault_server(by_model(answer)) as server:
        text = CONTRACT.replace("contract_margin: 40", "contract_margin: 30")
        configured(repo, server, text + cases(13))
        found = compared(repo, "cheap", "strong", mode="record")
        numbers = {
            arm: sum(asked(each)[0] == arm for each in server.requests)
            for arm in ("fast", "cheap", "strong")
        }
    replayed = compared(repo, "cheap", "strong")

    cheap = arms(found)["cheap"]
    assert numbers == {"fast": 78, "cheap": 78, "strong": 13}
    assert cheap.contracts == KeptContracts(kept=9, of=13)
    assert verdicts(found) == {"fast": "reference", "cheap": "open", "strong": "not worse"}
    assert cheap.cases_needed == cheap.contract_decision.cases_needed
    assert cheap.contract_decision.lost == ("c00", "c01", "c02", "c03")
    assert cheap.contract_decision.never == ("c00", "c01", "c02")
    assert arms(replayed)["cheap"].contract_decision == cheap.contract_decision


@pytest.mark.slow
@pytest.mark.parametrize("run", range(4))
def test_an_arm_that_differs_only_in_its_seed_is_never_worse_by_flaky_contracts(repo, run):
    """Every tenth input breaks its contract in a fifth of the answers, of any seed."""
    draw = Random(run)

    def plan(received):
        is_flaky = received.json["messages"][-1]["content"].endswith("0")
        text = "bad" if is_flaky and draw.random() < 0.2 else "good"
        return says(text, model="m-1")

    with fault_server(plan) as server:
        text = CONTRACT.replace("  contract_margin: 40\n", "") + cases(200)
        configured(repo, server, text)
        twin = (
            f'[models.twin]\nprovider = "openai"\nid = "fast-1"\nbase_url = "{server.base_url}"\n'
            "price = {input = 2.0, output = 2.0}\nparams = {seed = 7}\n"
        )
        repo.write({"promptops.toml": (repo.root / "promptops.toml").read_text() + twin})
        settings = Settings(concurrency=8)
        found = compared(repo, "twin", mode="record", settings=settings)

    assert verdicts(found)["twin"] == "not worse"
    assert found.fit == ("twin",)


def test_few_cases_leave_an_arm_open_and_say_how_many_would_be_enough(repo):
    with fault_server(GOOD) as server:
        configured(repo, server, CONTRACT.replace("  contract_margin: 40\n", "") + cases(4))
        found = compared(repo, "cheap", mode="record")

        assert len(server.requests) == 8  # more answers would not help
    cheap = arms(found)["cheap"]
    assert (cheap.verdict, cheap.contract_decision.cases_needed, cheap.fit) == ("open", 72, False)
    assert found.recommendation.sentence == (
        "`cheap` costs 50% less [50, 50] than `fast`; too little to say that it is as good:"
        " about 72 cases would decide"
    )


def test_a_score_gets_no_more_answers_where_only_more_cases_can_make_the_arm_fit(repo):
    both = MEASURED + "    - {type: max-chars, value: 20}\n"
    with fault_server(GOOD) as server:
        configured(repo, server, both + cases(12))
        found = compared(repo, "cheap", mode="record")

        assert len(server.requests) == 24
    assert (
        arms(found)["cheap"].needs == "about 72 cases would decide if the difference stays the same"
    )


def test_the_contract_margin_of_the_configuration_is_for_prompts_without_their_own(repo):
    with fault_server(GOOD) as server:
        plain = CONTRACT.replace("  contract_margin: 40\n", "")
        other = plain.replace("Be brief", "Be kind") + cases(ENOUGH).replace("q0", "r0")
        configured(repo, server, CONTRACT + cases(ENOUGH), "[compare]\ncontract_margin = 35\n")
        repo.write({"prompts/other.prompt.yaml": other})
        found = compared(repo, "cheap", mode="record")

    assert [prompt.contract_margin for prompt in found.prompts] == [0.4, 0.35]
    assert (found.contract_margin, found.fit) == (0.35, ("cheap",))


def test_a_case_without_a_contract_shows_nothing_about_contracts(repo):
    measured = MEASURED + cases(3)
    contract = "  - {name: own, inputs: {question: q99}, output: [{type: contains, value: good}]}\n"
    with fault_server(GOOD) as server:
        configured(repo, server, measured + contract)
        found = compared(repo, "cheap", mode="record", repeats=1)

    assert arms(found)["fast"].contracts == KeptContracts(kept=1, of=1)
    assert arms(found)["cheap"].contract_decision.cases == 1


def test_a_contract_that_both_arms_break_makes_no_arm_worse(repo):
    answers = by_model(lambda arm, question, _: "bad" if question == "q01" else "good")
    with fault_server(answers) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        found = compared(repo, "cheap", mode="record")

    assert arms(found)["fast"].contracts == KeptContracts(kept=9, of=10)
    assert arms(found)["cheap"].contracts == KeptContracts(kept=9, of=10)
    assert found.fit == ("cheap",)


def test_an_answer_that_is_not_json_loses_the_contracts_about_its_values(repo):
    contract = CONTRACT.replace(
        "{type: contains, value: good}", "{type: equals, path: /verdict, value: good}"
    )
    answers = by_model(lambda arm, *_: '{"verdict": "good"}' if arm == "fast" else "Sure!")
    with fault_server(answers) as server:
        configured(repo, server, contract + cases(ENOUGH))
        found = compared(repo, "cheap", mode="record")

    assert arms(found)["cheap"].contracts == KeptContracts(kept=0, of=ENOUGH)
    assert verdicts(found)["cheap"] == "worse"
    assert arms(found)["cheap"].problems == ()


def test_missing_answers_leave_an_arm_open_and_name_the_number(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, MEASURED + cases(30))
        compared(repo, "cheap", mode="record", margin=40)
    file = repo.root / CHEAP
    file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))

    found = compared(repo, "cheap", "strong", margin=40)

    assert {name: (arm.verdict, arm.stale) for name, arm in arms(found).items()} == {
        "fast": ("reference", 0),
        "cheap": ("open", 1),
        "strong": ("open", 30),
    }
    assert (found.fit, found.recommendation.arm, found.stale) == ((), None, 31)


@pytest.mark.slow
def test_answers_missing_for_the_reference_leave_every_arm_open(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(2))
        compared(repo, "cheap", mode="record")
    (repo.root / "comparisons/fast/ask.recordings.jsonl").unlink()

    found = compared(repo, "cheap")

    assert arms(found)["cheap"].note == "2 answers of the reference missing"
    assert (verdicts(found)["cheap"], found.stale) == ("open", 2)


def test_prune_removes_what_a_comparison_does_not_use_in_the_folders_of_its_arms(repo):
    cheap, strong = "comparisons/cheap/ask", "comparisons/strong/ask"
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(2))
        recorded(repo)
        compared(repo, "cheap", "strong", mode="record")
        recordings = contents(repo)[f"{cheap}.recordings.jsonl"]
        repo.write({f"{at}-before.recordings.jsonl": recordings for at in (cheap, strong)})
        configured(repo, server, CONTRACT + cases(1))
        before = contents(repo)

        compared(repo, "cheap", prune=True, cases=("c00",))
        of_a_part = contents(repo)
        compared(repo, "cheap", prune=True)

    first = before[f"{cheap}.recordings.jsonl"].splitlines(keepends=True)[0]
    left = {f"{cheap}.recordings.jsonl": first, f"{cheap}-before.recordings.jsonl": None}
    expected = {path: data for path, data in (before | left).items() if data is not None}
    assert (of_a_part, contents(repo)) == (before, expected)


def test_live_answers_are_not_recorded(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        recorded(repo)
        before = contents(repo)
        server.requests.clear()

        found = compared(repo, "cheap", mode="live")

        assert len(server.requests) == 2 * ENOUGH
    assert contents(repo) == before
    assert found.fit == ("cheap",)


def test_the_budget_is_shared_and_the_next_run_continues(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        short = Settings(concurrency=1, max_requests=7)

        first = compared(repo, "cheap", mode="record", settings=short)
        asked_first = [asked(each) for each in server.requests]
        second = compared(repo, "cheap", mode="record")

        assert len(server.requests) == 2 * ENOUGH
    assert asked_first == [(arm, f"q{n:02}") for n in range(4) for arm in ("fast", "cheap")][:7]
    assert (verdicts(first)["cheap"], first.unasked) == ("open", 2 * ENOUGH - 7)
    assert [arm.problems for arm in arms(first).values()] == [(), ()]
    assert (verdicts(second)["cheap"], second.unasked) == ("not worse", 0)


def test_answers_in_the_journal_of_a_killed_run_are_used_by_the_next_one(repo):
    """The answers that arrived are on disk; the next run writes them to the folder of the arm."""
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        compared(repo, "cheap", mode="record")
        journal = repo.root / ".git/promptops/journal/main.jsonl"
        left = (repo.root / CHEAP).read_bytes().splitlines(keepends=True)
        (repo.root / CHEAP).unlink()
        journal.write_bytes(b"".join(b'"%s"\t%s' % (CHEAP.encode(), line) for line in left))
        server.requests.clear()

        write_earlier_answers(repo.root)
        found = compared(repo, "cheap", mode="record")

        assert server.requests == []
    assert (repo.root / CHEAP).read_bytes() == b"".join(left)
    assert found.fit == ("cheap",)


def test_a_provider_that_fails_leaves_the_arm_open_and_enters_no_statistics(repo):
    from tests.servers.answers import Answer

    def plan(received):
        if asked(received) == ("cheap", "q01"):
            return Answer(status=400, body=b'{"error": {"message": "no"}}')
        return says("good", model=f"{asked(received)[0]}-1")

    with fault_server(plan) as server:
        configured(repo, server, CONTRACT + cases(3))
        found = compared(repo, "cheap", mode="record")

    cheap = arms(found)["cheap"]
    assert (cheap.verdict, cheap.stale, cheap.answered) == ("open", 1, 2)
    assert [(each.name, each.infrastructure) for each in cheap.problems] == [("c01", True)]


def test_another_model_behind_a_name_leaves_the_arm_open(repo):
    names = {"now": "cheap-1"}

    def plan(received):
        arm, _ = asked(received)
        return says("good", model=names["now"] if arm == "cheap" else f"{arm}-1")

    with fault_server(plan) as server:
        configured(repo, server, CONTRACT + cases(2))
        compared(repo, "cheap", mode="record")
        names["now"] = "cheap-2"
        configured(repo, server, CONTRACT + cases(4))

        found = compared(repo, "cheap", mode="record")

    assert arms(found)["cheap"].note == "`cheap` has answers of different models: cheap-1, cheap-2"
    assert (verdicts(found)["cheap"], found.fit) == ("open", ())


@pytest.mark.slow
def test_another_fingerprint_than_when_recorded_leaves_the_arm_open(repo):
    prints = {"now": "fp_1"}

    def plan(received):
        arm, _ = asked(received)
        return says("good", model=f"{arm}-1", fingerprint=prints["now"])

    with fault_server(plan) as server:
        configured(repo, server, CONTRACT + cases(2))
        compared(repo, "cheap", mode="record")
        prints["now"] = "fp_2"
        configured(repo, server, CONTRACT + cases(4))

        found = compared(repo, "cheap", mode="record")

    assert arms(found)["cheap"].note == (
        "another model answers as `fast` than when its answers were recorded"
    )


def test_a_profile_without_a_price_has_no_cost_and_gets_no_recommendation(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        config = (repo.root / "promptops.toml").read_text()
        repo.write({"promptops.toml": config.replace("price = {input = 1.0, output = 1.0}\n", "")})

        found = compared(repo, "cheap", mode="record")

    assert arms(found)["cheap"].cost_usd_1000 is None
    assert found.fit == ("cheap",)
    assert found.recommendation.arm is None
    assert found.recommendation.sentence == (
        "no recommendation by cost: the cost of `cheap` is unknown"
    )


def test_a_built_in_judge_is_the_model_of_the_reference_for_every_arm(repo):
    judged = CONTRACT.replace(
        "{type: contains, value: good}", "{type: llm-rubric, value: IT IS GOOD}"
    )
    judges = []

    def plan(received):
        if b"IT IS GOOD" in received.body:
            judges.append(received.json["model"])
            return says('{"reason": "fine", "verdict": "pass"}', model="fast-1")
        return says("good", model=f"{asked(received)[0]}-1")

    with fault_server(plan) as server:
        configured(repo, server, judged + cases(2))
        compared(repo, "cheap", mode="record", repeats=1)

    assert set(judges) == {"fast-1"}


def test_latencies_are_recorded_aside_and_shown_by_a_replay(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(3))
        recorded(repo)
        found = compared(repo, "cheap", mode="record")

    replayed = compared(repo, "cheap")

    timed = arms(found)["cheap"].latency_s
    assert timed is None or timed.n <= 3
    assert arms(found)["fast"].latency_s is None  # its answers are recorded next to the prompt
    again = arms(replayed)["cheap"].latency_s
    assert (again is None) == (timed is None)


def test_cases_are_restricted_by_name(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(4))
        found = compared(repo, "cheap", mode="record", cases=("c0[12]",))

        assert len(server.requests) == 4
    assert [case.name for case in found.prompts[0].cases] == ["c01", "c02"]
