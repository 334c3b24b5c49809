"""Revisions and prompts compared with each other, from what each commit recorded."""

import pytest

from promptops.model.arm import KeptContracts
from tests.commands.compare.compared import (
    CONTRACT,
    ENOUGH,
    PROMPT,
    arms,
    asked,
    by_model,
    cases,
    compared,
    configured,
    contents,
    lines,
    recorded,
    verdicts,
)
from tests.servers.fault_server import fault_server

TERSE = """\
format: promptops/1
extends: ./ask.prompt.yaml
messages:
  - role: user
    content: "One word. {{ question }}"
"""
VARIANT = "prompts/ask.terse.prompt.yaml"


def three_revisions(repo, server):
    """Each with its own wording, recorded and tagged."""
    configured(repo, server, CONTRACT + cases(ENOUGH))
    for number, wording in enumerate(("Be brief", "Be short", "Be quick"), 1):
        text = (CONTRACT + cases(ENOUGH)).replace("Be brief", wording)
        repo.write({"prompts/ask.prompt.yaml": text})
        recorded(repo)
        repo.commit(wording)
        repo.git("tag", f"v{number}")


def test_three_revisions_are_replayed_from_what_each_commit_recorded(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        three_revisions(repo, server)
    before = contents(repo)

    found = compared(repo, "v1", "v2", "v3", kind="revision")

    # v3 is what the work tree has: it is the reference.
    assert verdicts(found) == {"v3": "reference", "v1": "not worse", "v2": "not worse"}
    assert (found.reference, found.share, found.stale) == ("v3", 2, 0)
    assert contents(repo) == before


def test_the_reference_is_the_work_tree_if_no_revision_sends_its_requests(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        three_revisions(repo, server)
        repo.write({"prompts/ask.prompt.yaml": CONTRACT + cases(ENOUGH)})
        recorded(repo)

    found = compared(repo, "v2", "v3", kind="revision")

    assert verdicts(found) == {"worktree": "reference", "v2": "not worse", "v3": "not worse"}


def test_the_reference_can_be_an_earlier_revision_with_its_cases_and_assertions(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        three_revisions(repo, server)
        repo.write({"prompts/ask.prompt.yaml": PROMPT + cases(ENOUGH)})

        found = compared(repo, "v2", kind="revision", reference="v1")

    assert verdicts(found) == {"v1": "reference", "v2": "not worse"}
    assert [case.name for case in found.prompts[0].cases] == [f"c{n:02}" for n in range(ENOUGH)]


def test_missing_answers_of_a_revision_are_recorded_aside_in_the_work_tree(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        repo.commit("one")
        repo.git("branch", "wording/old")
        repo.write(
            {"prompts/ask.prompt.yaml": (CONTRACT + cases(ENOUGH)).replace("brief", "short")}
        )
        recorded(repo)

        found = compared(repo, "wording/old", kind="revision", mode="record")

        assert len(server.requests) == 2 * ENOUGH
    file = "comparisons/wording%2Fold/ask.recordings.jsonl"
    assert lines(repo, file) == [(f"c{n:02}", 0, "good") for n in range(ENOUGH)]
    assert verdicts(found)["wording/old"] == "not worse"
    assert compared(repo, "wording/old", kind="revision").stale == 0


def test_a_renamed_prompt_is_found_by_its_alias_and_recorded_by_its_name_of_today(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        repo.commit("one")
        repo.git("tag", "v1")
        (repo.root / "prompts/ask.prompt.yaml").unlink()
        renamed = CONTRACT.replace("promptops/1\n", "promptops/1\naliases: [ask]\n")
        repo.write(
            {"prompts/say.prompt.yaml": (renamed + cases(ENOUGH)).replace("Be brief", "Be short")}
        )

        found = compared(repo, "v1", kind="revision", mode="record")

    assert verdicts(found) == {"worktree": "reference", "v1": "not worse"}
    assert sorted(contents(repo)) == [
        "comparisons/v1/say.recordings.jsonl",
        "comparisons/worktree/say.recordings.jsonl",
    ]
    assert compared(repo, "v1", kind="revision").stale == 0


def test_an_earlier_revision_is_priced_as_of_today(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        three_revisions(repo, server)
        config = (repo.root / "promptops.toml").read_text()
        repo.write({"promptops.toml": config.replace("input = 2.0", "input = 4.0")})

    found = compared(repo, "v1", kind="revision")

    assert arms(found)["v1"].cost_usd_1000 == pytest.approx(
        0.044
    )  # 10 tokens in at 4, 2 out at 2 dollars


def test_another_model_behind_the_name_of_both_revisions_is_not_blamed_on_the_prompt(repo):
    names = iter([*["fast-a"] * ENOUGH, *["fast-b"] * ENOUGH])

    def plan(received):
        from tests.commands.compare.compared import says

        return says("good", model=next(names))

    with fault_server(plan) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        recorded(repo)
        repo.commit("one")
        repo.git("tag", "v1")
        repo.write(
            {"prompts/ask.prompt.yaml": (CONTRACT + cases(ENOUGH)).replace("brief", "short")}
        )
        recorded(repo)

    found = compared(repo, "v1", kind="revision")

    assert arms(found)["v1"].note == "another model answered as `fast-a` than for the reference"
    assert verdicts(found)["v1"] == "open"


def test_a_variant_of_a_prompt_gets_the_cases_and_assertions_of_the_prompt(repo):
    def answer(_arm, _question, _before):
        return "good"

    with fault_server(by_model(answer)) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        repo.write({VARIANT: TERSE})
        before = contents(repo)

        found = compared(
            repo,
            "ask.terse",
            kind="prompt",
            mode="record",
            wanted=_only("ask"),
        )

        wanted = [each.json["messages"][-1]["content"] for each in server.requests]
    assert wanted == [
        f"{wording}. q{n:02}" for n in range(ENOUGH) for wording in ("Be brief", "One word")
    ]
    assert before == {}
    assert sorted(contents(repo)) == [
        "comparisons/ask.terse/ask.recordings.jsonl",
        "comparisons/ask/ask.recordings.jsonl",
    ]
    assert verdicts(found) == {"ask": "reference", "ask.terse": "not worse"}


def test_a_case_whose_inputs_an_arm_does_not_accept_has_no_partner(repo):
    longer = """\
format: promptops/1
model: {profile: fast}
inputs:
  required: [question]
  properties:
    question: {type: string, enum: [q00, q01, q03, q04, q05, q06, q07, q08, q09]}
messages:
  - role: user
    content: "One word. {{ question }}"
"""
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(ENOUGH))
        repo.write({VARIANT: longer})
        found = compared(repo, "ask.terse", kind="prompt", mode="record", wanted=_only("ask"))

    terse = arms(found)["ask.terse"]
    assert (terse.unpaired, terse.cases, terse.verdict) == (("c02",), 9, "not worse")
    assert terse.contracts == KeptContracts(kept=9, of=9)
    assert found.prompts[0].cases[2].without == ("ask.terse",)


def test_a_revision_without_the_prompt_is_open(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(1))
        repo.write({"prompts/ask.prompt.yaml": ""})
        (repo.root / "prompts/ask.prompt.yaml").unlink()
        repo.commit("none")
        repo.git("tag", "v0")
        repo.write({"prompts/ask.prompt.yaml": CONTRACT + cases(1)})
        recorded(repo)

    found = compared(repo, "v0", kind="revision")

    assert verdicts(found)["v0"] == "open"
    assert arms(found)["v0"].note == "`v0` accepts the inputs of no case, or has no such prompt"


def _only(name):
    from promptops.workspace.selection import SelectionOptions

    return SelectionOptions(patterns=(name,))


def test_the_asked_profile_is_the_one_of_the_revision(repo):
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(1))
        repo.commit("one")
        repo.git("tag", "v1")
        repo.write({"prompts/ask.prompt.yaml": (CONTRACT + cases(1)).replace("fast", "strong")})

        compared(repo, "v1", kind="revision", mode="record")

        assert sorted(asked(each)[0] for each in server.requests) == ["fast", "strong"]
