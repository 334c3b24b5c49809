"""`promptops drift`: what it prints, how it exits, and what it refuses."""

import json

import pytest

from tests.commands.asked import ask
from tests.commands.drift.nightly import CASES, night, released
from tests.commands.drift.test_history_lines import LINE
from tests.conftest import GitRepository
from tests.output_schemas import validate

DRIFT = ("drift", "--trust-config", "-j", "1")
ANSWERS = 3 * CASES
ALL_KEPT = f"{ANSWERS} of {ANSWERS}"


@pytest.fixture(scope="module")
def base(_empty_repository, tmp_path_factory):
    """A repository with a release of one prompt, and the model that answers them."""
    empty = GitRepository(_empty_repository)
    repository = empty.copied_to(tmp_path_factory.mktemp("drift") / "repo")
    with released(repository) as found:
        yield repository, found


@pytest.fixture
def model(base):
    base[1].name, base[1].wrong = "m-1", 0
    return base[1]


@pytest.fixture
def repo(base, tmp_path):
    """A copy of the released repository."""
    return base[0].copied_to(tmp_path / "copy")


def test_the_first_night_is_learned_and_exits_0(repo, model):
    said = ask(repo.root, *DRIFT)

    assert (said.code, said.out) == (
        0,
        "prompt  verdict   tonight        baseline  ewma  nights   contracts  same  sees\n"
        f"ask     learning  quality 100.0  -         -     1 of 10  {ALL_KEPT}   100%  -\n"
        "\n"
        f"1 learning · v1.0.0 · {ANSWERS} answers · under $0.001\n",
    )
    assert f"sending {ANSWERS} requests: the longest answer of `fast-1` is unknown" in said.err


def test_a_gross_loss_exits_1_and_every_format_reports_it(repo, model, tmp_path):
    night(repo, history=None)
    model.name, model.wrong = "m-2", CASES
    files = {name: tmp_path / f"drift.{name}" for name in ("json", "markdown", "html")}

    said = ask(repo.root, *DRIFT, *(f"--format={name}={file}" for name, file in files.items()))

    value = json.loads(files["json"].read_text("utf-8"))
    validate("drift", value)
    assert (said.code, value["exit_code"], value["headline"]) == (1, 1, "ask drifted")
    (prompt,) = value["prompts"]
    assert (prompt["verdict"], prompt["blame"]["who"]) == ("drifted", "model")
    assert (
        files["markdown"].read_text("utf-8").startswith("<!-- promptops drift -->\n# ask drifted\n")
    )
    assert "<h1>" in files["html"].read_text("utf-8")


def test_a_second_run_on_the_same_day_exits_2_and_names_the_option(repo, model):
    ask(repo.root, *DRIFT)
    requests = model.requests

    second, again = ask(repo.root, *DRIFT), ask(repo.root, *DRIFT, "--again")

    assert (second.code, second.out) == (2, "")
    assert "error: the history has a night of 2" in second.err
    assert " (UTC) already: ask (learning)\n" in second.err
    assert "tip: each prompt has one night a day; --again replaces it" in second.err
    assert (again.code, " 1 of 10 " in again.out) == (0, True)
    assert model.requests == requests + ANSWERS


def test_a_budget_that_ends_the_run_exits_5_and_prints_the_next_command(repo, model, tmp_path):
    history = tmp_path / "nights.jsonl"

    said = ask(repo.root, *DRIFT, "--max-requests", "5", "--history", str(history), "ask")

    assert said.code == 5
    assert said.out.endswith(
        f"ended early: the budget of 5 requests is spent, {ANSWERS - 5} requests not sent\n"
        f"hint: promptops drift ask --history {history} --trust-config\n"
        "1 incomplete · v1.0.0 · under $0.001\n"
    )
    assert json.loads(history.read_text("utf-8"))["verdict"] == "incomplete"


@pytest.mark.parametrize(("wrong", "code"), [(0, 4), (CASES, 1)])
def test_a_refused_push_exits_4_but_a_drifted_prompt_comes_first(
    repo, model, tmp_path, wrong, code
):
    there = tmp_path / "remote.git"
    night(repo, history=None)
    model.wrong = wrong
    repo.git("clone", "--quiet", "--bare", ".", str(there))
    repo.git("remote", "add", "origin", str(there))
    there.joinpath("hooks").mkdir(exist_ok=True)
    hook = there / "hooks" / "update"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)

    said = ask(repo.root, *DRIFT, "--push")

    tag = repo.git("rev-parse", "v1.0.0")
    assert (said.code, "was not pushed to `origin`" in said.out) == (code, True)
    assert repo.git("notes", "--ref=promptops-drift", "show", tag).count('"prompt":"ask"') == 2


def test_a_drifted_prompt_exits_1_also_beside_a_broken_history(repo, model, tmp_path):
    history = tmp_path / "nights.jsonl"
    night(repo, history=history)
    history.write_text("{broken\n" + history.read_text("utf-8"), "utf-8")
    model.wrong = CASES

    said = ask(repo.root, *DRIFT, "--history", str(history))

    assert (said.code, "1:2: error: not JSON" in said.out) == (1, True)


def test_a_line_of_the_history_that_can_not_be_read_exits_3_and_stays(repo, model, tmp_path):
    history = tmp_path / "nights.jsonl"
    history.write_text("{broken\n" + LINE, "utf-8")

    said = ask(repo.root, *DRIFT, "--history", str(history))

    assert (said.code, f"{history}:1:2: error: not JSON" in said.out) == (3, True)
    assert history.read_text("utf-8").startswith("{broken\n")


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("--release", "v1.0.1"), "there is no release and no channel 'v1.0.1'", "`v1.0.0`"),
        (("aks",), "no prompt matches 'aks'", "`ask`"),
        (("--accept", "aks"), "'aks'", "`ask`"),
        (("--accept", "ask"), "there is no night of `ask` to accept", "promptops drift"),
        (("--accept", "ask", "ask"), "exclude each other", "--accept names its prompts itself"),
        (("--accept", "ask", "--again"), "exclude each other", "run `promptops drift` after it"),
        (("--reason", "why"), "--reason needs --accept", "write --accept ID --reason TEXT"),
        (("--push", "--history", "n"), "exclude each other", "leave out --push, or --history"),
        (("--repeats", "0"), "0 is not in the range", ""),
    ],
)
def test_wrong_usage_is_refused_before_a_model_is_called(repo, model, arguments, message, hint):
    requests = model.requests

    said = ask(repo.root, "drift", *arguments)

    assert (said.code, model.requests) == (2, requests)
    assert message in said.err
    assert hint in said.err
