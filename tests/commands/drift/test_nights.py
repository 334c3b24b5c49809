"""Nights of a release: what is requested, decided and written."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from promptops.errors import NotFound, PromptopsError, UsageError
from promptops.evals.engine.ask import Patience, Settings
from promptops.model.night import NOTES_REF, Confirmed, DriftBlame
from promptops.records import replace
from tests.commands.drift.nightly import (
    FILE,
    FIRST_NIGHT,
    PROMPT,
    Model,
    cases,
    learned,
    night,
    release,
    released,
    verdicts,
)
from tests.conftest import GitRepository

ROOT = Path(__file__).parents[3]
CONTRACT = PROMPT.replace(", score: quality", "")


@pytest.fixture(scope="module")
def base(
    prepared_module: GitRepository,
) -> Iterator[tuple[GitRepository, Model]]:
    """A release of two prompts: `ask` has a score, `mail` only contracts."""
    with released(prepared_module, mail=CONTRACT + cases(4)) as model:
        yield prepared_module, model


@pytest.fixture(scope="module")
def prepared_module(_empty_repository, tmp_path_factory: pytest.TempPathFactory) -> GitRepository:
    return GitRepository(_empty_repository).copied_to(tmp_path_factory.mktemp("nights") / "repo")


@pytest.fixture
def model(base) -> Iterator[Model]:
    """The model of the module, as it was when it was recorded."""
    before = Model()
    for name in Model.__slots__:
        setattr(base[1], name, getattr(before, name))
    return base[1]


@pytest.fixture
def nightly(base, tmp_path) -> GitRepository:
    """A copy of the released repository."""
    return base[0].copied_to(tmp_path / "nightly")


def test_the_first_nights_are_learned(nightly, model):
    first = night(nightly, "ask")
    second = night(nightly, "ask")

    assert [found.prompts[0].line for found in (first, second)] == [
        f"100.0 points, {count} of 10 nights learned · contracts 18 of 18 · same answers 100%"
        for count in (1, 2)
    ]
    (prompt,) = second.prompts
    assert (second.release, second.channel, second.drifted) == ("v1.0.0", "", False)
    assert (prompt.verdict, prompt.blame, prompt.worst) == ("learning", None, ())
    assert prompt.night.at > first.prompts[0].night.at
    assert prompt.history == (first.prompts[0].night, prompt.night)
    assert (prompt.night.models, prompt.night.cost_usd) == (("m-1",), 0.000432)
    assert nightly.git("status", "--porcelain") == f"?? {FILE}"


def test_prompts_without_an_assertion_on_an_answer_are_named_and_drafts_are_not(nightly, model):
    plain = PROMPT[: PROMPT.index("evaluation")]
    nightly.write(
        {
            "prompts/plain.prompt.yaml": plain + cases(1),
            "prompts/none.prompt.yaml": plain,
            "prompts/draft.prompt.yaml": plain + "status: draft\n",
            "prompts/wrong.prompt.yaml": PROMPT + "tests:\n  - {name: c00}\n",
        }
    )
    release(nightly, "v1.1.0")

    found = night(nightly)

    assert {problem.prompt for problem in found.problems} == {"plain", "wrong"}
    assert found.warnings == (
        "2 prompts are not checked, because no test case has an assertion on the answer: "
        "none, plain",
    )
    assert (night(nightly, "ask").warnings, night(nightly, "none").nothing) == (
        (),
        "there are no test cases",
    )


def test_a_changed_model_is_found_and_blamed(nightly, model):
    learned(nightly, night(nightly, "ask"))
    steady = night(nightly, "ask")
    model.name, model.wrong, model.text = "m-2", 2, "so good"

    found = night(nightly, "ask")

    assert verdicts(steady) == {"ask": "steady"}
    (prompt,) = found.prompts
    assert (prompt.verdict, found.drifted) == ("drifted", True)
    assert prompt.blame == DriftBlame(
        who="model",
        why=(
            "`m-2` answered; the learned nights were answered by `m-1`",
            "0% of the answers are equal to a recorded one byte for byte, in the learned nights"
            " 100% (z -24.4)",
        ),
    )
    worst = [(w.name, w.before, w.after, w.before_answer.text) for w in prompt.worst]
    assert worst == [("c00", 1.0, 0.0, "good"), ("c01", 1.0, 0.0, "good")]
    assert prompt.night.confirmed == Confirmed(score=-13.52)
    assert prompt.line == (
        "66.7 points, baseline 100.0 of 10 nights, ewma -1.6 of -0.9 · contracts 18 of 18"
        " · same answers 0% · this suite sees -5 points in about 18 nights"
    )


def test_a_signal_that_fresh_answers_do_not_confirm_is_steady(nightly, model):
    learned(nightly, night(nightly, "ask"))
    model.requests, model.wrong_first = 0, 18

    found = night(nightly, "ask")

    (prompt,) = found.prompts
    assert (prompt.verdict, prompt.blame) == ("steady", None)
    assert prompt.night.mean == 0.0
    assert prompt.night.confirmed == Confirmed(score=0.0)
    assert prompt.charts[0].points[-1].reset is True
    assert model.requests == 18 + 4 * 18


def test_contracts_have_their_own_chart(nightly, model):
    learned(nightly, night(nightly, "mail"))
    model.wrong = 3

    found = night(nightly, "mail")

    (prompt,) = found.prompts
    assert (prompt.score, prompt.verdict) == (None, "drifted")
    assert (prompt.night.mean, prompt.night.kept, prompt.night.of) == (None, 3, 12)
    assert prompt.line == (
        "baseline 100.0 of 10 nights, ewma -2.5 of -0.9 · contracts 3 of 12 · same answers 25%"
    )
    assert prompt.blame is not None
    assert prompt.blame.who == "model"
    assert [each.name for each in prompt.worst] == ["c00", "c01", "c02"]


def test_a_large_loss_is_found_while_the_level_is_learned_and_is_not_learned(nightly, model):
    night(nightly, "ask")
    model.requests, model.wrong = 0, 6

    found = night(nightly, "ask")
    still = night(nightly, "ask")
    model.wrong = 0
    later = night(nightly, "ask")

    (prompt,) = found.prompts
    assert (prompt.verdict, prompt.night.confirmed) == ("drifted", Confirmed(score=-19.69))
    assert prompt.blame is not None
    assert prompt.blame.who == "model"
    assert len(prompt.worst) == 5
    assert (still.prompts[0].verdict, still.prompts[0].night.confirmed) == ("drifted", None)
    assert later.prompts[0].line.startswith("100.0 points, 2 of 10 nights learned")
    assert model.requests == 18 + 4 * 18 + 18 + 18


def test_a_large_loss_that_fresh_answers_do_not_confirm_is_learned(nightly, model):
    night(nightly, "ask")
    model.requests, model.wrong_first = 0, 18

    found = night(nightly, "ask")

    (prompt,) = found.prompts
    assert (prompt.verdict, prompt.night.mean) == ("learning", 0.0)
    assert prompt.night.confirmed == Confirmed(score=0.0)


def test_the_first_night_is_learned_whatever_was_recorded(nightly, model):
    model.wrong = 6

    found = night(nightly, "ask")

    assert found.prompts[0].line.startswith("0.0 points, 1 of 10 nights learned")
    assert model.requests == 18


def test_a_drifted_prompt_gets_no_more_fresh_answers_until_it_is_back(nightly, model):
    learned(nightly, night(nightly, "ask"))
    model.wrong = 2

    first = night(nightly, "ask")
    model.requests = 0
    later = [night(nightly, "ask") for _ in range(2)]
    model.wrong = 0
    back = [night(nightly, "ask") for _ in range(20)]

    assert verdicts(first) == {"ask": "drifted"}
    assert [verdicts(found)["ask"] for found in later] == ["drifted"] * 2
    assert [found.prompts[0].night.confirmed for found in later] == [None] * 2
    assert model.requests == 22 * 18
    found = [verdicts(each)["ask"] for each in back]
    assert found == ["drifted"] * found.count("drifted") + ["steady"] * found.count("steady")
    assert found.count("drifted") == 6


def test_fresh_answers_are_requested_on_four_of_thirty_nights(nightly, model):
    learned(nightly, night(nightly, "ask"))
    requests, found = [], []
    for _ in range(5):
        model.requests, model.wrong_first = 0, 18
        found.append(night(nightly, "ask"))
        requests.append(model.requests)

    assert requests == [18 + 4 * 18] * 4 + [18]
    assert [verdicts(each)["ask"] for each in found] == ["steady"] * 4 + ["suspect"]
    assert found[-1].prompts[0].night.reason == (
        "not confirmed: there were fresh answers on 4 of the last 30 nights, and no more are"
        " requested"
    )


def test_fresh_answers_that_are_missing_leave_a_signal_suspect(nightly, model):
    learned(nightly, night(nightly, "ask"))
    model.wrong, model.requests, model.down_after = 6, 0, 20

    found = night(nightly, "ask", settings=Settings(concurrency=1, patience=Patience(tries=1)))

    (prompt,) = found.prompts
    assert (prompt.verdict, prompt.night.confirmed) == ("suspect", Confirmed())
    assert prompt.night.reason == "not confirmed: some of the fresh answers are missing"


def test_a_prompt_has_one_night_a_day_which_again_replaces(nightly, model):
    today = FIRST_NIGHT.replace(year=2025)
    first = night(nightly, "ask", now=today)
    requests = model.requests

    with pytest.raises(UsageError) as error:
        night(nightly, "ask", now=today.replace(hour=23))
    others = night(nightly, now=today.replace(hour=23, minute=1))
    model.wrong = 1
    again = night(nightly, "ask", now=today.replace(hour=23, minute=2), again=True)
    tomorrow = night(nightly, "ask", now=today.replace(day=2))

    assert error.value.message == (
        "the history has a night of 2025-03-01 (UTC) already: ask (learning)"
    )
    assert error.value.hint == "each prompt has one night a day; --again replaces it"
    assert verdicts(others) == {"mail": "learning"}
    assert others.warnings == ("checked today already, --again replaces the night: ask (learning)",)
    assert again.prompts[0].history == (again.prompts[0].night,)
    assert tomorrow.prompts[0].history == (again.prompts[0].night, tomorrow.prompts[0].night)
    assert first.prompts[0].night.mean == 1.0
    assert model.requests == requests + 12 + 18 + 18


def test_an_incomplete_night_is_repeated_on_the_same_day(nightly, model):
    today = FIRST_NIGHT.replace(year=2025)
    patience = Settings(concurrency=1, patience=Patience(tries=1))
    model.down = 1
    first = night(nightly, "ask", now=today, settings=patience)
    model.down = 0
    second = night(nightly, "ask", now=today.replace(hour=3))
    model.down = 1
    third = night(nightly, "ask", now=today.replace(hour=4), again=True, settings=patience)
    model.down = 0
    tomorrow = night(nightly, "ask", now=today.replace(day=2))

    assert [verdicts(each)["ask"] for each in (first, second, third)] == [
        "incomplete",
        "learning",
        "incomplete",
    ]
    assert tomorrow.prompts[0].history == (second.prompts[0].night, tomorrow.prompts[0].night)


def test_nights_of_the_first_format_stay_and_a_warning_says_that_learning_begins_again(
    nightly, model
):
    night(nightly, "ask")
    file = nightly.root / FILE
    before = file.read_bytes().replace(b'"format":2', b'"format":1') * 3
    file.write_bytes(before)

    found, next_night = night(nightly, "ask"), night(nightly, "ask")

    assert (found.broken, next_night.warnings) == ((), ())
    assert found.warnings == (
        f"3 nights in {file} count contracts instead of answers, as an earlier version of"
        " promptops did: they stay there and are not used, and learning begins again",
    )
    assert found.prompts[0].line.startswith("100.0 points, 1 of 10 nights learned")
    assert file.read_bytes().startswith(before)


@pytest.mark.parametrize(
    ("same", "why"),
    [
        (0.7, "the model has the same name, and repeats recorded answers as often as before"),
        (
            0.8,
            "the model has the same name; 67% of the answers are equal to a recorded one, in the"
            " learned nights 82%, which can be chance (z -1.3)",
        ),
        (None, "the model has the same name; the release has no recorded answers to compare"),
    ],
)
def test_as_often_as_before_is_said_only_if_it_is_so(nightly, model, same, why):
    first = night(nightly, "ask")
    learned(nightly, first, same=same)
    model.wrong = 2
    file = nightly.root / FILE
    if same is None:
        file.write_bytes(file.read_bytes().replace(b'"same":1.0', b'"same":null'))

    found = night(nightly, "ask")

    (prompt,) = found.prompts
    assert (prompt.verdict, prompt.blame) == ("drifted", DriftBlame(who="unknown", why=(why,)))


def test_a_night_without_all_answers_is_kept_and_not_charted(nightly, model):
    learned(nightly, night(nightly, "ask"))
    model.down = 1

    found = night(nightly, "ask", settings=Settings(concurrency=1, patience=Patience(tries=1)))

    (prompt,) = found.prompts
    assert (prompt.verdict, prompt.night.n, prompt.night.reason) == (
        "incomplete",
        5,
        "not every case has its answers",
    )
    assert len(prompt.charts[0].points) == 10
    assert [(p.name, p.infrastructure) for p in found.problems] == [("c00", True)]
    assert found.unanswered == 3
    model.down = 0
    again = night(nightly, "ask")
    assert again.prompts[0].history[-2] == prompt.night
    assert verdicts(again) == {"ask": "steady"}


@pytest.mark.slow
def test_the_next_release_goes_on_with_the_nights_of_prompts_that_are_the_same(nightly, model):
    before = night(nightly)
    changed = PROMPT.replace("Be brief", "Be very brief")
    nightly.write({"prompts/ask.prompt.yaml": changed + cases()})
    release(nightly, "v1.1.0")

    after = night(nightly)
    old = night(nightly, "ask", release="v1.0.0")

    counts = {prompt.prompt: len(prompt.history) for prompt in after.prompts}
    assert (before.release, after.release) == ("v1.0.0", "v1.1.0")
    assert counts == {"ask": 1, "mail": 2}
    assert len(old.prompts[0].history) == 2


def test_the_release_is_what_production_serves_else_the_latest(nightly, model):
    serves = "production: {release: v1.0.0, serial: 1}\nbeta: {release: v9.9.9, serial: 1}\n"
    nightly.write({"channels.yaml": serves})
    release(nightly, "v1.1.0")

    found = night(nightly, "mail")

    assert (found.release, found.channel) == ("v1.0.0", "production")
    assert night(nightly, "mail", release="v1.1.0").channel == ""
    for name, message in (
        ("v1.1.1", "there is no release and no channel 'v1.1.1'"),
        ("beta", "the channel `beta` serves 'v9.9.9', which has no tag"),
    ):
        with pytest.raises(NotFound) as error:
            night(nightly, release=name)
        assert error.value.message == message


@pytest.mark.slow
def test_the_release_is_asked_at_the_address_and_price_of_the_work_tree(nightly, model):
    config = (nightly.root / "promptops.toml").read_text()
    moved = config.replace('id = "fast-1"', 'id = "other-1"').replace("input = 2.0", "input = 4.0")
    nightly.write({"promptops.toml": moved})
    nightly.commit("another model for the next release")

    found = night(nightly, "ask")

    (prompt,) = found.prompts
    assert (prompt.night.same, prompt.night.cost_usd) == (1.0, 0.000792)
    assert prompt.night.profile == "fast"


@pytest.mark.slow
def test_an_accepted_level_is_learned_anew(nightly, model):
    learned(nightly, night(nightly, "ask"))
    model.wrong = 3
    drifted = night(nightly, "ask")
    requests = model.requests

    accepted = night(nightly, accept=("ask",), reason="cheaper model")
    again = night(nightly, "ask")

    assert verdicts(drifted) == {"ask": "drifted"}
    assert accepted.accepted == ("ask",)
    last = drifted.prompts[0].night
    assert accepted.prompts[0].night == replace(
        last,
        at=accepted.prompts[0].night.at,
        verdict="accepted",
        confirmed=None,
        reason="cheaper model",
    )
    assert model.requests == requests + 18
    assert (again.prompts[0].verdict, again.prompts[0].line.split(" · ")[0]) == (
        "learning",
        "50.0 points, 1 of 10 nights learned",
    )
    model.wrong = 6
    assert verdicts(night(nightly, "ask")) == {"ask": "drifted"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accept": ("ask",)}, "there is no night of `ask` to accept"),
        ({"accept": ("aks",)}, "no prompt matches 'aks'"),
        ({"push": True, "history": None}, "there is no remote 'origin'"),
        ({"push": True}, "--push is for git notes, and --history writes a file"),
        ({"cases": ("c99",)}, "no case has the name 'c99'"),
    ],
)
def test_what_can_not_be_done_is_refused_before_a_request(nightly, model, options, message):
    with pytest.raises(UsageError) as error:
        night(nightly, **options)

    assert (error.value.message, model.requests) == (message, 0)


def test_without_a_release_nothing_is_asked(repo):
    repo.commit("first")

    with pytest.raises(NotFound) as error:
        night(repo)

    assert error.value.message == "there is no release"


def test_a_damaged_line_does_not_hide_the_nights(nightly, model):
    night(nightly, "ask")
    file = nightly.root / FILE
    file.write_bytes(b"{}\n" + file.read_bytes())

    found = night(nightly, "ask")

    assert [(str(p.place), p.message) for p in found.broken] == [
        (f"{file}:1:1", "it has no `format`")
    ]
    assert len(found.prompts[0].history) == 2
    assert file.read_bytes().startswith(b"{}\n")


@pytest.mark.slow
def test_nights_are_pushed_and_a_refusal_is_reported(nightly, model, tmp_path):
    there = tmp_path / "remote.git"
    nightly.git("clone", "--quiet", "--bare", ".", str(there))
    nightly.git("remote", "add", "origin", str(there))

    first = night(nightly, "ask", push=True, history=None)
    hook = there / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    second = night(nightly, "ask", push=True, history=None)

    assert (first.history, first.unpushed) == (NOTES_REF, "")
    assert second.unpushed == (
        f"{NOTES_REF} was not pushed to `origin`: [remote rejected] (hook declined); "
        "tonight is only in this clone: allow this job to push, or keep nights with --history"
    )
    tag = nightly.git("rev-parse", "v1.0.0")
    assert len(nightly.git("notes", f"--ref={NOTES_REF}", "show", tag).splitlines()) == 2
    assert (
        len(GitRepository(there).git("notes", f"--ref={NOTES_REF}", "show", tag).splitlines()) == 1
    )


def test_a_fork_requests_nothing(nightly, model, monkeypatch):
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    with pytest.raises(PromptopsError):
        night(nightly, "ask")

    assert model.requests == 0


@pytest.mark.slow
def test_a_run_that_is_killed_before_it_writes_loses_only_its_own_night(nightly, model):
    night(nightly, "ask")
    before = (nightly.root / FILE).read_bytes()
    code = (
        "from tests.commands.drift.nightly import FIRST_NIGHT, night\n"
        "from tests.conftest import GitRepository\n"
        "from pathlib import Path\n"
        f"root = Path({str(nightly.root)!r})\n"
        "night(GitRepository(root), 'ask', now=FIRST_NIGHT.replace(year=2025))\n"
    )
    model.requests, model.last = 0, 18
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as process:
        model.at_last = process.kill
        process.wait()

    assert process.returncode == -signal.SIGKILL
    assert (nightly.root / FILE).read_bytes() == before
    model.last = 0
    assert len(night(nightly, "ask").prompts[0].history) == 2


@pytest.mark.slow
def test_prompts_of_one_profile_show_a_common_loss_that_none_of_them_shows(repo):
    with released(repo, other=PROMPT + cases()) as model:
        first = night(repo)
        for prompt in range(2):
            learned(repo, first, prompt, mean=0.99, within=0.03)
        model.wrong = 1
        found = night(repo)
        alone = night(repo, "ask")

    (profile,) = found.profiles
    assert (profile.profile, profile.prompts, profile.verdict) == (
        "fast",
        ("ask", "other"),
        "drifted",
    )
    assert profile.ewma is not None
    assert round(profile.ewma, 2) == -0.99
    assert verdicts(found) == {"ask": "steady", "other": "steady"}
    assert [each.night.confirmed for each in found.prompts] == [Confirmed(score=-6.02)] * 2
    assert (found.drifted, alone.profiles) == (True, ())
