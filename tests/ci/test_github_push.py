"""The gate where there is no pull request: pushes, merge queues, and what is refused."""

import json

import pytest

from tests.ci.conftest import PROMPT, TRIAGE

BROKEN = PROMPT.replace("{{ ticket }}", "{{ tikcet }}")
KINDER = PROMPT.replace("You sort tickets.", "You kindly sort tickets.")


@pytest.fixture
def push(start, catalog, remote, workflow):
    """Run the check on a push to main."""

    def run(before, event_name="push", **event):
        catalog.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/main")
        job = start(event_name, "refs/heads/main", {"before": before, **event})
        job.run(workflow["jobs"]["check"])
        return job

    return run


def compared(job):
    return [line for line in job.log.splitlines() if line.startswith(("compared", "everything"))]


def test_a_push_is_compared_with_what_was_there_before(push, catalog):
    before = catalog.git("rev-parse", "HEAD")
    catalog.write({TRIAGE: KINDER})
    catalog.commit("two")

    job = push(before)

    assert (job.failed, compared(job)) == (False, [f"compared with {before}"])
    assert list(job.ran) == ["Check", "Verdict"]


@pytest.mark.parametrize("before", ["0" * 40, "1234567890" * 4, None])
def test_a_new_branch_and_a_forced_push_are_checked_whole(push, catalog, before):
    catalog.write({TRIAGE: BROKEN})
    catalog.commit("two")

    job = push(before)

    assert compared(job) == ["everything is checked: nothing to compare with"]
    assert job.ran["Verdict"] == {"CODE": "1"}


def test_without_a_base_the_commit_is_judged_and_not_the_checkout(push, catalog, hidden):
    catalog.write(hidden)
    catalog.commit("two")

    job = push(None)

    assert job.ran["Verdict"] == {"CODE": "1"}
    assert "invisible-unicode" in job.log


def test_a_merge_queue_is_compared_with_its_base(push, catalog):
    base = catalog.git("rev-parse", "HEAD")
    catalog.write({TRIAGE: KINDER})
    catalog.commit("two")

    job = push(None, "merge_group", merge_group={"base_sha": base})

    assert (job.failed, compared(job)) == (False, [f"compared with {base}"])


def test_pull_request_target_is_refused(push):
    job = push(None, "pull_request_target")

    assert job.failed is True
    assert job.annotations("error") == [
        "pull_request_target gives untrusted changes a token: use pull_request"
    ]
    assert "compared" not in job.log


def test_the_outputs_are_those_of_the_report(push, catalog, tmp_path):
    before = catalog.git("rev-parse", "HEAD")
    catalog.write({TRIAGE: KINDER})
    catalog.commit("two")

    job = push(before)

    reports = tmp_path / "runner" / "promptops-reports"
    told = json.loads((reports / "promptops.json").read_text("utf-8"))
    assert job.outputs == {
        "command": job.given["install"]["command"],
        "verdict": "pass",
        "bump": told["diff"]["bump"],
        "reports": str(reports),
        "bundle": "",
    }
    assert told["diff"]["bump"] == "minor"


def test_a_checkout_without_history_is_told_the_way_out(start, catalog, remote, workflow):
    """As actions/checkout does it by itself: one commit, and no other branch."""
    job = start("pull_request", "refs/pull/7/merge", {}, base_ref="main")
    url = f"file://{remote}"
    catalog.git("clone", "--quiet", "--depth=1", "--no-tags", url, str(job.workspace))
    catalog.git("-C", str(job.workspace), "update-ref", "-d", "refs/remotes/origin/main")

    job.run({"steps": workflow["jobs"]["check"]["steps"][1:]})

    assert job.ran["Verdict"] == {"CODE": "4"}
    assert job.annotations("error") == [
        "the checkout has no history: give actions/checkout `fetch-depth: 0`"
    ]
