"""`promptops compare`: what it prints, how it exits, and a run that is interrupted or killed."""

import json
import signal
from dataclasses import replace
from threading import Event

import pytest

from tests.commands.asked import PATIENCE_S, ask, ended, running
from tests.commands.compare.compared import (
    CONTRACT,
    ENOUGH,
    OWN,
    by_model,
    cases,
    configured,
    contents,
    lines,
    recorded,
    says,
)
from tests.output_schemas import validate
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server

CHEAP = "comparisons/cheap/ask.recordings.jsonl"
COMPARE = ("compare", "ask", "--model", "cheap")
RECORD = (*COMPARE, "--record", "-j", "1", "--trust-config")


@pytest.fixture
def served(repo):
    """Recorded answers of the prompt's own model, committed; and the server that gave them."""
    with fault_server(by_model(lambda arm, *_: "bad" if arm == "strong" else "good")) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        recorded(repo)
        repo.commit("one")
        yield server


def test_missing_answers_exit_1_and_name_the_command_that_records_them(repo, served):
    said = ask(repo.root, *COMPARE)

    assert (said.code, said.err) == (1, "")
    assert said.out == (
        "ask no measures: compared by contracts alone, margin 40 points\n"
        "  arm    verdict    contracts  $/1,000  tokens  p50/p95\n"
        "  fast   reference  10 of 10   0.024    10→2    -\n"
        "  cheap  open       -          ?        -       -\n"
        "  cheap: open: 10 answers missing\n"
        "\n"
        "recommendation: no arm is proved good enough: 10 answers missing\n"
        "hint: promptops compare ask --model cheap --record\n"
        "none of 1 arm is fit · 1 prompt, 10 cases\n"
    )


def test_a_recorded_comparison_is_replayed_and_names_the_cheaper_model(repo, served):
    first = ask(repo.root, *RECORD)
    served.requests.clear()
    again = ask(repo.root, *COMPARE, "--format", "json")

    assert (first.code, again.code, served.requests) == (0, 0, [])
    value = json.loads(again.out)
    assert value["fit"] == ["cheap"]
    assert value["recommendation"] == {
        "arm": None,
        "sentence": "`cheap` costs 50% less [50, 50] than `fast`; too little to say that it is as"
        " good: no score was compared. It loses a contract in none of 10 cases (up to 31% could"
        " break unseen)",
        "cheaper": "cheap",
    }


@pytest.mark.slow
def test_after_the_switch_the_answers_of_the_arm_are_recorded_without_a_call(repo, served):
    """The local cache has them: what was compared is what ships."""
    ask(repo.root, *RECORD)
    prompt = (repo.root / "prompts/ask.prompt.yaml").read_text()
    repo.write({"prompts/ask.prompt.yaml": prompt.replace("profile: fast", "profile: cheap")})
    served.requests.clear()

    said = ask(repo.root, "test", "--record", "--trust-config")

    assert (said.code, served.requests) == (0, [])
    assert lines(repo, OWN) == lines(repo, CHEAP)


def test_the_json_is_described_by_its_schema(repo, served):
    found = json.loads(ask(repo.root, *RECORD, "--format", "json").out)

    validate("compare", found)


def test_an_arm_that_is_required_and_not_fit_exits_1(repo, served):
    arms = ("compare", "--model", "cheap", "--model", "strong", "--record", "--trust-config")
    ask(repo.root, *arms)

    required = ("compare", "--model", "cheap", "--model", "strong", "--require")
    codes = {name: ask(repo.root, *required, name).code for name in ("cheap", "strong")}

    assert codes == {"cheap": 0, "strong": 1}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("compare",), "nothing to compare is named"),
        (
            ("compare", "--model", "cheap", "--revision", "HEAD"),
            "--model and --revision exclude each other",
        ),
        ((*COMPARE, "--record", "--live"), "--record and --live exclude each other"),
        (("compare", "--model", "chaep"), "there is no profile `chaep`"),
        (("compare", "aks", "--model", "cheap"), "'aks'"),
    ],
)
def test_wrong_arguments_exit_2_with_one_clear_line(repo, served, arguments, error):
    said = ask(repo.root, *arguments)

    assert (said.code, said.out) == (2, "")
    assert error in said.err.splitlines()[0]


def test_a_limit_on_the_cost_needs_the_price_of_every_model(repo, served):
    config = (repo.root / "promptops.toml").read_text()
    repo.write({"promptops.toml": config.replace("price = {input = 1.0, output = 1.0}\n", "")})

    said = ask(repo.root, *RECORD, "--max-cost", "1")

    assert said.code == 2
    assert "price" in said.err
    assert "sending" not in said.err


@pytest.mark.slow
def test_a_spent_budget_exits_5_and_the_printed_command_continues(repo, served):
    first = ask(repo.root, *RECORD, "--max-requests", "2")
    second = ask(repo.root, *COMPARE, "--record")

    assert first.code == 5
    assert "hint: promptops compare ask --model cheap --record --trust-config\n" in first.out
    assert second.code == 0


def test_ctrl_c_writes_the_answers_and_the_next_run_goes_on(repo):
    reached, noticed = Event(), Event()

    def plan(received):
        if received.json["messages"][-1]["content"].endswith("q01") and not reached.is_set():
            reached.set()
            return replace(says("good", model="fast-1"), until=noticed)
        return by_model(lambda *_: "good")(received)

    with fault_server(plan) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        with running(repo.root, *RECORD) as process:
            assert reached.wait(PATIENCE_S)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            for line in iter(process.stderr.readline, ""):
                if line.startswith("interrupted"):
                    break
            noticed.set()
            said = ended(process)
        sent = len(server.requests)
        again = ask(repo.root, *RECORD)

        assert (said.code, again.code) == (130, 0)
        assert len(server.requests) == 2 * ENOUGH
        assert sent < 6


def test_an_arm_that_is_killed_while_recording_continues_where_it_was(repo):
    reached = Event()

    def plan(received):
        if received.json["messages"][-1]["content"].endswith("q02") and not reached.is_set():
            reached.set()
            return Answer(until=Event())
        return by_model(lambda *_: "good")(received)

    with fault_server(plan) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        with running(repo.root, *RECORD) as process:
            assert reached.wait(PATIENCE_S)
            process.kill()
            process.wait()
        before = contents(repo)
        again = ask(repo.root, *RECORD)

        # Four answers were on disk; the fifth was lost with the process.
        assert (before, again.code, len(server.requests)) == ({}, 0, 2 * ENOUGH + 1)
    assert lines(repo, CHEAP) == [(f"c0{n}", 0, "good") for n in range(ENOUGH)]
