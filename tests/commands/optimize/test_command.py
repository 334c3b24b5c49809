"""The command: its files, its exit codes, its reports, and what it refuses."""

import json
import shlex
import subprocess

import pytest

from tests.commands.asked import ask
from tests.commands.optimize.optimized import (
    ASK,
    BETTER,
    PROMPT,
    SYSTEM,
    cases,
    configured,
    mostly_good,
    plan,
    proposal,
)
from tests.output_schemas import validate
from tests.real_model import MODEL, missing, real_model
from tests.servers.fault_server import fault_server

OPTIMIZE = ("optimize", "ask", "--proposer", "strong", "--max-cost", "5", "--trust-config")


def optimize(repo, *more, text=BETTER, count=80, rounds="2"):
    with fault_server(plan(mostly_good, [proposal(text)])) as server:
        configured(repo, server, count)
        return ask(repo.root, *OPTIMIZE, "--rounds", rounds, *more)


def test_a_proved_proposal_is_a_patch_with_a_report(repo):
    said = optimize(repo, "--require-proof")

    first, *lines = (repo.root / "optimize-ask.patch").read_text().splitlines()
    report = (repo.root / "optimize-ask.patch.md").read_text()
    assert said.code == 0
    assert said.out.splitlines()[-1] == first
    assert first.startswith("proved better: +")
    assert lines[:3] == ["", f"diff --git a/{ASK} b/{ASK}", f"--- a/{ASK}"]
    assert "hint: git apply optimize-ask.patch" in said.out
    assert report.startswith("<!-- promptops optimize -->\n**Wording of <code>ask</code>**: proved")
    assert "-Be brief." in report
    assert "+Name the product." in report
    assert "it lacks a rule" in report
    status = repo.git("status", "--porcelain").splitlines()
    assert status == ["?? optimize-ask.patch", "?? optimize-ask.patch.md"]
    repo.git("apply", "optimize-ask.patch")
    reworded = PROMPT.replace("Be brief.", "Name the product.")
    assert (repo.root / ASK).read_text() == reworded + cases(80)


@pytest.mark.slow
def test_the_answers_of_the_search_are_recorded_without_a_call(repo):
    with fault_server(plan(mostly_good, [proposal(BETTER)])) as server:
        configured(repo, server)
        ask(repo.root, *OPTIMIZE, "--rounds", "2")
        repo.git("apply", "optimize-ask.patch")
        server.requests.clear()

        said = ask(repo.root, "test", "--record", "--trust-config")

        assert (said.code, server.requests) == (0, [])


@pytest.mark.parametrize(("more", "code"), [((), 0), (("--require-proof",), 1)])
def test_without_proof_it_exits_0_unless_proof_is_required(repo, more, code):
    said = optimize(repo, *more, count=20)

    assert said.code == code
    assert said.out.splitlines()[-1].startswith("unproved: +")
    assert (repo.root / "optimize-ask.patch").read_text().startswith("unproved: +")


@pytest.mark.parametrize(("more", "code"), [((), 0), (("--require-proof",), 1)])
def test_nothing_better_is_no_patch(repo, more, code):
    said = optimize(repo, *more, text=SYSTEM)

    assert said.code == code
    assert said.out.splitlines()[-1].startswith("no proposal is better on the ")
    assert "proposal 1: refused: it is the text as it stands" in said.out
    assert list(repo.root.glob("optimize-*")) == []


def test_the_json_is_as_its_schema_says(repo):
    said = optimize(repo, "--format", "json", "-o", "better.patch")

    found = json.loads(said.out)
    validate("optimize", found)
    assert (found["state"], found["accepted"], found["patch"]) == ("proved", True, "better.patch")
    assert (repo.root / "better.patch.md").exists()


def test_a_spent_budget_exits_with_5_and_keeps_the_proposal(repo):
    said = optimize(repo, "--max-requests", "130", rounds="1")

    assert said.code == 5
    assert (repo.root / "optimize-ask.patch").read_text().startswith("unproved: ")
    assert "ended early" in said.out


def test_a_budget_that_ends_in_the_search_names_the_next_command(repo):
    said = optimize(repo, "--max-requests", "10")

    assert said.code == 5
    assert "hint: promptops optimize ask --proposer strong" in said.out
    assert list(repo.root.glob("optimize-*")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--proposer", "strong"), "a search needs a limit of its cost"),
        (("--proposer", "stron", "--max-cost", "1"), "there is no profile `stron`"),
        (("--max-cost", "1"), "Missing option '--proposer'"),
        (("--proposer", "strong", "--max-cost", "1", "--held-out", "100"), "all cases are held"),
        (("--proposer", "strong", "--max-cost", "1", "--held-out", "0.5"), "0.5"),
    ],
)
def test_wrong_options_are_refused_before_a_model_is_asked(repo, arguments, message):
    with fault_server(plan(mostly_good, [proposal(BETTER)])) as server:
        configured(repo, server)

        said = ask(repo.root, "optimize", "ask", "--trust-config", *arguments)

        assert server.requests == []
    assert said.code == 2
    assert message in said.err


def test_an_unknown_prompt_is_refused(repo):
    with fault_server(plan(mostly_good, [proposal(BETTER)])) as server:
        configured(repo, server)

        said = ask(repo.root, "optimize", "aks", *OPTIMIZE[2:])

    assert said.code == 2
    assert "ask" in said.err


def test_an_endpoint_that_is_not_approved_gets_nothing(repo):
    with fault_server(plan(mostly_good, [proposal(BETTER)])) as server:
        configured(repo, server)
        repo.git("checkout", "-q", "-b", "topic")
        config = (repo.root / "promptops.toml").read_text()
        other = config.replace("127.0.0.1", "localhost")
        repo.write({"promptops.toml": other})

        said = ask(repo.root, *OPTIMIZE[:-1])

        assert server.requests == []
    assert said.code == 2
    assert "--trust-config" in said.err


def test_a_provider_that_fails_is_an_outage(repo):
    with fault_server(plan(mostly_good, [proposal(BETTER)])) as server:
        configured(repo, server)
    said = ask(repo.root, *OPTIMIZE, "--max-time", "1")  # the server has ended

    assert "warning: no answer to " in said.out
    assert "onnect" in said.out  # the reason of the client
    assert said.out.splitlines()[-1].startswith("nothing was searched: ")
    assert said.code == 5
    assert list(repo.root.glob("optimize-*")) == []


@pytest.mark.slow
@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_a_real_model_proposes(repo):
    """For plumbing: the small model rarely answers with JSON, and the search survives that."""
    profile = (
        '[models.{}]\nprovider = "openai"\nid = "{}"\nbase_url = "{}"\n'
        "max_output_tokens = 60\nprice = {{input = 0.01, output = 0.01}}\n"
    )
    with real_model() as address:
        config = "".join(profile.format(n, MODEL, address.base_url) for n in ("served", "strong"))
        repo.write({"promptops.toml": config, ASK: PROMPT + cases(4)})
        repo.commit("one")

        said = ask(repo.root, *OPTIMIZE, "--rounds", "2", "--format", "json", "-j", "1")

    found = json.loads(said.out)
    assert said.code == 0, said.err
    assert len(found["search"]["proposals"]) in (1, 2)
    assert found["unanswered"] == 0


def test_the_next_command_continues_where_a_budget_ended(repo):
    with fault_server(plan(mostly_good, [proposal(BETTER)])) as server:
        configured(repo, server)
        first = ask(repo.root, *OPTIMIZE, "--rounds", "1", "--max-requests", "130")
        hints = [line for line in first.out.splitlines() if line.startswith("hint: ")]
        server.requests.clear()

        again = ask(repo.root, *shlex.split(hints[1].removeprefix("hint: promptops ")))

        sent = len(server.requests)
    assert (first.code, again.code) == (5, 0)
    assert again.out.splitlines()[-1].endswith("alpha 0.05")
    assert sent < 480  # the answers of the first look are in the cache


@pytest.mark.parametrize("name", [ASK, "notes.patch"])
def test_no_other_file_is_replaced(repo, name):
    with fault_server(plan(mostly_good, [proposal(BETTER)])) as server:
        configured(repo, server)
        repo.write({"notes.patch": "mine\n"})
        before = (repo.root / name).read_text()

        said = ask(repo.root, *OPTIMIZE, "-o", name)

        assert server.requests == []
    assert said.code == 2
    assert "this file is not a result of optimize" in said.err
    assert (repo.root / name).read_text() == before


def test_a_missing_folder_is_refused_before_money_is_spent(repo):
    with fault_server(plan(mostly_good, [proposal(BETTER)])) as server:
        configured(repo, server)

        said = ask(repo.root, *OPTIMIZE, "-o", "missing/p.patch")

        assert server.requests == []
    assert said.code == 3
    assert "missing" in said.err


def test_a_patch_of_an_earlier_run_is_named(repo):
    first = optimize(repo, count=20)
    again = optimize(repo, count=20, text=SYSTEM)

    assert "earlier run" not in first.err
    assert "optimize-ask.patch is the result of an earlier run" in again.err
    assert "git apply" not in again.out


def test_the_hint_applies_the_patch_from_a_folder_below(repo):
    with fault_server(plan(mostly_good, [proposal(BETTER)])) as server:
        configured(repo, server, 20)
        below = repo.root / "be low"
        below.mkdir()

        said = ask(below, *OPTIMIZE, "--rounds", "1")

    (hint,) = (line for line in said.out.splitlines() if line.startswith("hint: git"))
    subprocess.run(shlex.split(hint.removeprefix("hint: ")), cwd=below, check=True)
    assert "Name the product." in (repo.root / ASK).read_text()


def test_a_prompt_with_the_full_score_needs_no_proposal(repo):
    with fault_server(plan(lambda _told, _asked: "good", [proposal(BETTER)])) as server:
        configured(repo, server, 20)

        said = ask(repo.root, *OPTIMIZE)

    assert said.code == 0
    full = "no proposal was made: every case of the search has the full score already"
    assert said.out.splitlines()[-1] == full
