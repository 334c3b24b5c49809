"""What scores are compared with, and when another model or judge leaves the decision open."""

import pytest

from promptops.commands.check.check import check
from promptops.commands.lint.lint import LintOptions
from promptops.errors import GitError, InputError
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.servers.fault_server import fault_server
from tests.testing.served import (
    JUDGED,
    MEASURED,
    PROMPT,
    asked,
    cases,
    configured,
    decisions,
    judges,
    recorded,
    released,
    reworded,
    run,
    says,
    with_judge,
)

ANOTHER_MODEL = "the model has changed: `promptops test --live` runs both sides again"


def in_test(repo, wanted):
    return run(repo, wanted=wanted)


def in_check(repo, wanted):
    with workspace(repo.root) as opened:
        return check(opened, wanted, LintOptions()).test


@pytest.mark.parametrize("job", [in_test, in_check])
@pytest.mark.parametrize("detached", [False, True])
def test_scores_are_compared_with_the_merge_base_of_the_revision_that_is_named(repo, job, detached):
    prompt = MEASURED + cases(10)
    with fault_server(lambda one: says("good" if "brief" in asked(one) else "bad")) as server:
        released(repo, server, prompt.replace("Be brief", "Be old"))
        recorded(repo, server, prompt)
        repo.git("switch", "--quiet", "--create", "change")
        recorded(repo, server, prompt.replace("Be brief", "Be short"))
    repo.git("checkout", "--quiet", *(["--detach"] if detached else ["change"]))

    found = job(repo, SelectionOptions(since="main"))

    assert (found.verdict, found.baseline, decisions(found)) == (
        "fail",
        repo.git("rev-parse", "--short=12", "main"),
        [("fail", "-100.0 points")],
    )


def test_scores_are_not_passed_without_a_baseline_because_the_default_branch_is_unknown(repo):
    with fault_server(lambda _: says("good")) as server:
        recorded(repo, server, MEASURED + cases(3))
    repo.git("remote", "add", "origin", "https://example.com/prompts.git")
    for name in ("main", "trunk"):
        repo.git("update-ref", f"refs/remotes/origin/{name}", "HEAD")

    with pytest.raises(GitError) as caught:
        run(repo)

    assert caught.value.hint == "set it once: git remote set-head origin -a"


def test_a_configuration_of_the_baseline_that_is_broken_is_an_error(repo):
    prompt = MEASURED + cases(3)
    with fault_server(lambda _: says("good")) as server:
        configured(repo, server, prompt)
        run(repo, "record")
        repo.write({"promptops.toml": "prompts = 3\n"})
        repo.commit("broken")
        repo.git("tag", "-a", "-m", "one", "v1.0.0")
        configured(repo, server, prompt)

    with pytest.raises(InputError) as caught:
        run(repo)

    assert (caught.value.where, caught.value.message) == (
        "promptops.toml:1:1",
        "expected a list, got the number 3",
    )


@pytest.mark.parametrize(
    ("then", "now"), [("bad", "good"), ("good", "bad")], ids=["better", "worse"]
)
def test_what_another_model_answers_under_the_same_name_decides_nothing(repo, then, now):
    prompt = MEASURED + cases(20)
    today = [then, "fp_1"]
    with fault_server(lambda _: says(*today)) as server:
        released(repo, server, prompt)
        today[:] = [now, "fp_2"]
        reworded(repo, prompt)
        run(repo, "record")

    found = run(repo)

    (decided,) = found.decided
    points = "+100.0 points" if now == "good" else "-100.0 points"
    assert (found.verdict, decisions(found)) == ("inconclusive", [("inconclusive", points)])
    assert decided.line.endswith(f"(recorded, another model) · {ANOTHER_MODEL}")


def test_what_another_judge_says_under_the_same_name_decides_nothing(repo):
    prompt = JUDGED + cases(10)
    today = ["pass", "judge_1"]
    plan = with_judge(lambda one: says(f"to {asked(one)[-2:]}"), lambda _: judges(*today))
    with fault_server(plan) as server:
        released(repo, server, prompt)
        today[:] = ["fail", "judge_2"]
        reworded(repo, prompt)
        run(repo, "refresh")

    found = run(repo)

    (decided,) = found.decided
    assert (found.verdict, decisions(found)) == (
        "inconclusive",
        [("inconclusive", "-100.0 points")],
    )
    assert decided.line.endswith(f"(recorded, another model) · {ANOTHER_MODEL}")


def test_fresh_answers_and_recorded_ones_are_judged_by_the_judge_of_today(repo):
    prompt = JUDGED + cases(3)
    today = ["pass", "judge_1"]
    plan = with_judge(lambda one: says(f"to {asked(one)[-2:]}"), lambda _: judges(*today))
    with fault_server(plan) as server:
        released(repo, server, prompt)
        today[:] = ["fail", "judge_2"]
        reworded(repo, prompt)

        found = run(repo, "live")

    judged = [asked(one) for one in server.requests if b"IT IS GOOD" in one.body]
    assert decisions(found) == [("inconclusive", "0.0 points")]
    # Each case is answered six times in the end, in both arms.
    assert {
        (text, n): sum(f"Be {text}. q{n}" in one for one in judged)
        for text in ("brief", "short")
        for n in range(3)
    } == {(text, n): 6 for text in ("brief", "short") for n in range(3)}


def measured(margin):
    return MEASURED.replace("margin: 30", f"margin: {margin}")


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (measured(3), measured(90), "fail"),
        (measured(90), measured(3), "fail"),
        (measured(90), measured(90), "pass"),
        (PROMPT, measured(90), "pass"),
        (PROMPT, measured(3), "fail"),
    ],
    ids=["looser", "tighter", "the-same", "new-and-loose", "new-and-tight"],
)
def test_a_change_gives_itself_no_more_room_than_it_had(repo, before, after, verdict):
    """A third of its answers got worse."""
    rows = cases(30, ", output: [{type: not-contains, value: nonsense}]")

    def plan(received):
        text = asked(received)
        return says("bad" if "short" in text and int(text.rpartition("q")[2]) % 3 == 0 else "good")

    with fault_server(plan) as server:
        released(repo, server, before + rows)
        reworded(repo, after + rows)
        run(repo, "record")

    found = run(repo)

    assert decisions(found) == [(verdict, "-33.3 points")]
