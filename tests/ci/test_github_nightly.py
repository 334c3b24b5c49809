"""The nightly workflow on GitHub: one issue while a prompt is drifted, and no call for a change."""

import json

import pytest
import yaml

from promptops.commands.drift import report
from promptops.commands.drift.history import NotesHistory
from promptops.commands.drift.report import headline
from promptops.commands.init.ci_files import nightly_text
from promptops.model.night import NOTES_REF
from promptops.records import replace
from promptops.report.data_text import write_json
from promptops.source.config import load
from promptops.workspace.workspace import workspace
from tests.ci.conftest import CONFIG, ORIGIN
from tests.ci.github_server import BOT
from tests.commands.compare.compared import ONE_AFTER_THE_OTHER, recorded
from tests.commands.drift.nightly import CASES, PROMPT, Model, cases, configured, night, release
from tests.report.drift.drifts import drifted, drifted_prompt, learning, run, unfinished
from tests.servers.fault_server import fault_server
from tests.tiers import fast_first

RUN = "[The run, with a page of charts](https://github.example/acme/prompts/actions/runs/42)"
OPENED = "opened an issue: https://github.example/issues/1\n"
UPDATED = "updated the issue: https://github.example/issues/1\n"


@pytest.fixture
def told(script, tmp_path):
    """Keep the issue after a run of `drift`: exit code, and all that was printed."""

    def keep(result, exit_code):
        result = replace(result, headline=headline(result), exit_code=exit_code)
        (tmp_path / "drift.json").write_text(write_json(result), "utf-8")
        (tmp_path / "drift.md").write_text(report.write_markdown(result), "utf-8")
        return script("issue.py", str(tmp_path))

    return keep


def state(github):
    return [(each["title"], each["state"], each["comments"]) for each in github.issues]


def test_the_second_night_updates_the_issue_of_the_first_and_a_steady_one_closes_it(told, github):
    first, second = told(run(drifted_prompt(33)), 1), told(run(drifted_prompt()), 1)
    body = github.issues[0]["body"]
    steady = told(learning(), 0)

    assert (first, second) == ((0, OPENED), (0, UPDATED))
    assert body == f"{report.write_markdown(run(drifted_prompt()))}\n{RUN}\n"
    assert steady == (0, "closed the issue: https://github.example/issues/1\n")
    closed = [("support/triage drifted", "closed", [f"No prompt is drifted any more. {RUN}"])]
    assert state(github) == closed


def test_another_prompt_that_drifts_is_a_comment(told, github):
    told(run(drifted_prompt()), 1)
    (other,) = [each for each in drifted().prompts if each.prompt == "support/reply"]
    told(run(drifted_prompt(), replace(other, verdict="drifted")), 1)

    title = "support/triage, support/reply drifted"
    assert state(github) == [(title, "open", [f"Now: {title}. {RUN}"])]


def test_a_suspect_night_or_one_without_answers_leaves_the_issue_open(told, github):
    told(run(drifted_prompt()), 1)

    code, said = told(unfinished(), 5)

    stays = "the issue stays open, because the run is not clear: https://github.example/issues/1\n"
    assert (code, said) == (0, stays)
    assert [each["state"] for each in github.issues] == ["open"]


def test_without_a_drifted_prompt_or_a_result_nothing_is_written(told, github, script, tmp_path):
    assert told(learning(), 0) == (0, "no issue: no prompt drifted\n")
    (tmp_path / "drift.json").write_text(json.dumps({"schema": 1, "exit_code": 4, "errors": []}))

    assert script("issue.py", str(tmp_path)) == (
        0,
        "no issue: promptops could not check the release\n",
    )
    assert [each for each in github.requests if not each.startswith("GET")] == []


def test_the_issue_of_another_account_with_the_same_first_line_is_left_alone(told, github):
    github.issue("mine", "<!-- promptops drift -->\n", login="mallory")
    github.issue("other", "no marker", login=BOT)

    told(run(drifted_prompt()), 1)

    assert [each["title"] for each in github.issues] == ["mine", "other", "support/triage drifted"]


def test_a_token_that_may_not_write_issues_gives_a_warning(told, github):
    github.may.discard("issues")

    code, said = told(run(drifted_prompt()), 1)

    assert code == 0
    assert said.startswith("::warning title=promptops::no issue: the token may not write one: ")


@pytest.fixture
def nightly(start, catalog):
    """Run the nightly workflow for an event."""

    def ran(event_name, ref="refs/heads/main"):
        catalog.git("push", "--quiet", "--force", "origin", f"HEAD:{ref}")
        job = start(event_name, ref, {})
        text = nightly_text(ORIGIN, load({"promptops.toml": CONFIG.encode()}))
        for each in yaml.safe_load(text)["jobs"].values():
            job.run(each)
        return job

    return ran


@pytest.mark.parametrize(
    ("event", "ref"),
    fast_first([("pull_request", "refs/heads/main"), ("workflow_dispatch", "refs/heads/topic")], 1),
)
def test_no_model_is_called_for_a_change_or_another_branch(nightly, github, event, ref):
    job = nightly(event, ref)

    assert job.failed
    assert len(job.annotations("error")) == 1
    assert job.annotations("error")[0].startswith("models are not called ")
    assert github.requests == []


def learn(repo, first):
    """Ten nights like this one, in the notes."""
    nights = [replace(first, at=f"2026-01-{day:02}T02:00:00Z") for day in range(1, 11)]
    with workspace(repo.root) as opened:
        NotesHistory(opened.repository).add(nights, repo.git("rev-parse", "v1.0.0"))


@pytest.mark.slow
def test_a_model_that_changes_behind_its_name_opens_an_issue_and_the_night_is_pushed(
    nightly, catalog, github
):
    model = Model()
    with fault_server(model.plan) as server:
        config = configured(server, "max_output_tokens = 100\n")  # which bounds the cost
        catalog.write({"promptops.toml": config, "prompts/ask.prompt.yaml": PROMPT + cases()})
        catalog.commit("its endpoint")
        catalog.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/main")
        recorded(catalog, settings=ONE_AFTER_THE_OTHER)
        release(catalog, "v1.0.0")
        catalog.git("push", "--quiet", "origin", "HEAD:refs/heads/main", "v1.0.0")
        learn(catalog, night(catalog).prompts[0].night)
        catalog.git("push", "--quiet", "origin", NOTES_REF, "HEAD:refs/heads/topic")
        model.name, model.wrong, model.text = "m-2", CASES, "so good"
        job = nightly("schedule")

    assert (job.failed, job.outputs["exit-code"]) == (True, "1"), job.log
    (issue,) = github.issues
    assert (issue["title"], issue["labels"]) == ("ask drifted", ["promptops-drift"])
    assert "<code>m-2</code> answered; the learned nights were answered by" in issue["body"]
    catalog.git("fetch", "--quiet", "origin", f"+{NOTES_REF}:{NOTES_REF}")
    nights = catalog.git("notes", f"--ref={NOTES_REF}", "show", catalog.git("rev-parse", "v1.0.0"))
    assert [json.loads(line)["verdict"] for line in nights.splitlines()] == [
        *["learning"] * 10,
        "drifted",
    ]


def test_the_token_is_gone_from_the_checkout_and_never_in_the_log(nightly, tmp_path):
    job = nightly("schedule")

    assert "a-token-of-the-job" not in job.log
    assert "include" not in (job.workspace / ".git/config").read_text("utf-8")
    assert [path.name for path in job.folder.glob("*.gitconfig")] == []
