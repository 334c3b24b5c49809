"""Survivors tried with a model, a server on loopback: what is sent, what proves, what it costs."""

import pytest

from promptops.commands.mutate import report
from promptops.errors import UsageError
from promptops.evals.engine.ask import Patience, Settings
from promptops.model.mutant import Kill, LiveTrial
from promptops.model.place import Place
from promptops.testing.options import RunOptions
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.commands.mutate.mutated import ASK, mutated
from tests.servers.fault_server import fault_server
from tests.testing.served import asked, by_turn, profile, says
from tests.tiers import fast_first

SETTINGS = Settings(concurrency=1, patience=Patience(tries=1))
PROMPT = """\
format: promptops/1
model: {profile: served}
inputs:
  required: [q]
  properties:
    q: {type: string}
messages:
  - role: user
    content: "Be polite. Be brief. {{ q }}"
"""
CONTRACT = PROMPT + "evaluation:\n  assertions:\n    - {type: contains, value: please}\n"
SCORE = (
    PROMPT + "evaluation:\n  assertions:\n    - {type: contains, value: please, score: manners}\n"
)


def _cases(count):
    return "tests:\n" + "".join(
        f"  - {{name: c{n:02}, inputs: {{q: q{n:02}}}}}\n" for n in range(count)
    )


def _configured(repo, server, prompt, *, recorded=True):
    repo.write({ASK: prompt, "promptops.toml": profile("served", server)})
    repo.commit("one")
    if recorded:
        with workspace(repo.root) as opened:
            options = RunOptions(mode="record", trusted=True, settings=SETTINGS)
            run_cases(opened, SelectionOptions(), options)
        server.requests.clear()


def _live(repo, **options):
    run = {"live": True, "trusted": True, "settings": SETTINGS, "operators": ["sentence"]}
    return mutated(repo, **{**run, **options})


def _polite(text, _turn):
    """A model that is polite only if it is told to be."""
    return "yes please" if "polite" in text else "no"


def test_a_rule_that_the_model_follows_is_noticed_and_one_without_effect_is_not(repo):
    with fault_server(by_turn(_polite)) as server:
        _configured(repo, server, CONTRACT + _cases(2))

        found = _live(repo)

        sent = [asked(each) for each in server.requests]

    polite, brief = found.mutants
    assert polite.by == Kill(
        kind="contract",
        prompt="ask",
        case="c00",
        assertion="contains",
        reason="expected `please` in the answer, got `no`",
        place=Place(ASK, 12, 7, 12, 38),
    )
    assert (polite.status, polite.live) == ("killed", LiveTrial(cases=2, answers=6, changed=6))
    assert (brief.status, brief.live) == ("survived", LiveTrial(cases=2, answers=2))
    # The recorded answers of the original are used; two fresh ones are needed for each suspect.
    assert sorted(sent) == sorted(
        [" Be brief. q00"] * 3
        + [" Be brief. q01"] * 3
        + ["Be polite.  q00", "Be polite.  q01"]
        + ["Be polite. Be brief. q00"] * 2
        + ["Be polite. Be brief. q01"] * 2
    )
    assert (found.live, found.untried, found.count.score) == (True, 0, 0.5)
    assert repo.git("status", "--porcelain") == "?? prompts/ask.recordings.jsonl"


def test_the_second_run_answers_from_the_local_cache(repo):
    with fault_server(by_turn(_polite)) as server:
        _configured(repo, server, CONTRACT + _cases(2))
        first = _live(repo)
        server.requests.clear()

        second = _live(repo)

        assert server.requests == []
    assert [each.live for each in second.mutants] == [each.live for each in first.mutants]
    assert [each.by for each in second.mutants] == [each.by for each in first.mutants]


@pytest.mark.parametrize(
    ("bad", "status"),
    fast_first(
        [
            ({("mutant", 0), ("mutant", 2)}, "survived"),  # one of three keeps them
            ({("mutant", 0), ("mutant", 1), ("mutant", 2)}, "killed"),
            ({("mutant", 1), ("mutant", 2)}, "survived"),  # the first answer was kept: no suspect
            (  # the original wavers
                {("mutant", 0), ("mutant", 1), ("mutant", 2), ("original", 1)},
                "survived",
            ),
        ],
        2,
    ),
)
def test_three_answers_must_violate_what_three_of_the_original_keep(repo, bad, status):
    """The turn 0 of the original is its recording."""

    def answer(text, turn):
        who = "original" if "polite" in text else "mutant"
        return "no" if (who, turn) in bad else "yes please"

    with fault_server(by_turn(answer)) as server:
        _configured(repo, server, CONTRACT + _cases(1))
        found = _live(repo, max_mutants=9)

    assert found.mutants[0].change == 'delete "Be polite."'
    assert found.mutants[0].status == status


def test_a_score_that_falls_in_all_cases_is_noticed(repo):
    with fault_server(by_turn(_polite)) as server:
        _configured(repo, server, SCORE + _cases(12))
        found = _live(repo)

        sent = len(server.requests)

    kill = found.mutants[0].by
    assert (kill.kind, kill.case, kill.assertion) == ("score", "", "manners")
    assert kill.reason == "100.0 points lower than the original: 10 of 10 cases worse, 0 better"
    assert sent == 20  # ten cases for each of two mutants


def test_a_mutant_that_only_a_quote_noticed_is_tried_and_counts_if_an_answer_shows_it(repo):
    quotes = "    rendered: [{type: contains, value: Be polite. Be brief.}]\n"
    cases = "tests:\n  - name: one\n    inputs: {q: a}\n"
    with fault_server(by_turn(_polite)) as server:
        _configured(repo, server, CONTRACT + cases + quotes)
        offline, found = mutated(repo, operators=["sentence"]), _live(repo)

    assert [(each.status, each.quoted) for each in offline.mutants] == [("killed", True)] * 2
    assert [(each.by.kind, each.quoted) for each in found.mutants] == [
        ("contract", False),
        ("rendered", True),  # the model answers alike without it
    ]
    assert (found.untried, found.count.behaviour_score, found.count.score) == (0, 0.5, 1.0)


def test_at_most_some_mutants_are_tried_always_the_same(repo):
    with fault_server(by_turn(_polite)) as server:
        _configured(repo, server, CONTRACT + _cases(1))
        found, again = (_live(repo, max_mutants=1) for _ in range(2))

    tried = [each.change for each in found.mutants if each.live is not None]
    assert len(tried) == 1
    assert tried == [each.change for each in again.mutants if each.live is not None]
    # The one that was not tried survives; so does the other one, if it is without effect.
    assert found.untried == 1


def test_a_run_that_reaches_its_limit_says_what_was_not_sent(repo):
    settings = Settings(concurrency=1, patience=Patience(tries=1), max_requests=1)
    with fault_server(by_turn(_polite)) as server:
        _configured(repo, server, CONTRACT + _cases(1))
        found = _live(repo, settings=settings)

    # One first answer to the other mutant, and four to decide about this one.
    assert (found.unasked, found.unanswered, found.untried) == (5, 5, 1)
    assert "1 request" in found.ended
    assert sorted(each.live.answers for each in found.mutants) == [0, 1]
    assert [each.live.note.partition(":")[0] for each in found.mutants] == ["not requested"] * 2


def test_an_endpoint_that_is_not_approved_gets_no_request(repo):
    with fault_server(by_turn(_polite)) as server:
        repo.commit("before")
        repo.git("checkout", "--quiet", "-b", "change")
        _configured(repo, server, CONTRACT + _cases(1), recorded=False)

        with pytest.raises(UsageError):
            _live(repo, trusted=False)

        assert server.requests == []


def test_untrusted_code_calls_no_model(repo, monkeypatch):
    with fault_server(by_turn(_polite)) as server:
        _configured(repo, server, CONTRACT + _cases(1), recorded=False)
        monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

        with pytest.raises(UsageError):
            _live(repo)

        assert server.requests == []


def test_a_survivor_without_an_assertion_on_answers_has_a_note(repo):
    tests = "tests:\n  - {name: one, inputs: {q: a}, rendered: [{type: contains, value: a}]}\n"
    with fault_server(lambda _: says("x")) as server:
        _configured(repo, server, PROMPT + tests, recorded=False)
        found = _live(repo)

        assert server.requests == []
    notes = {each.live.note for each in found.mutants}
    why = "no case whose request it changes has an assertion on the answer"
    assert notes == {why}
    assert list(report.remarks(found)) == [
        f"live: no model was called about 2 mutants that no behaviour notices: {why}"
    ]
    assert found.untried == 2
