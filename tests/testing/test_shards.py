"""Cases in shards, and shards merged: what one run would have said."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from promptops.errors import UsageError
from promptops.model.test_run import Shard
from promptops.report import data_text
from promptops.source.shard import shard_text
from promptops.testing.options import RunOptions
from promptops.testing.runner import merge, read_shards
from promptops.testing.runner import test as run_cases
from promptops.testing.shards import in_shard, parse_shard
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.servers.answers import Answer
from tests.servers.fault_server import ECHO, fault_server

CONFIG = """\
[models.echo]
provider = "echo"
id = "echo-1"
price = {input = 1.0, output = 1.0}
"""
HEAD = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: echo}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100}
messages:
  - role: user
    content: "Be brief. {{ question }}"
"""
MEASURED = """\
evaluation:
  score: brevity
  repeats: 2
  assertions:
    - {type: contains, value: brief, score: brevity}
"""
CASES = 30
WHOLE = RunOptions(coverage=True)


def cases(count=CASES, wrong=()):
    rows = (
        f"  - {{name: c{n}, inputs: {{question: q{n}}},"
        f" output: [{{type: contains, value: {'never' if n in wrong else f'q{n}'}}}]}}\n"
        for n in range(count)
    )
    return "tests:\n" + "".join(rows)


@pytest.fixture
def catalog(prepared, tmp_path):
    """One prompt measured and worse than its baseline, one with failures, one stale, one broken."""
    return prepared(four_prompts).copied_to(tmp_path / "repo")


def four_prompts(repo):
    plain = HEAD.replace("Be brief", "{% if question == 'q3' %}Well. {% endif %}Be kind")
    repo.write(
        {
            "promptops.toml": CONFIG,
            "prompts/ask.prompt.yaml": HEAD + MEASURED + cases(),
            "prompts/reply.prompt.yaml": plain + cases(wrong=(3, 4)),
        }
    )
    run(repo, RunOptions(mode="record"))
    repo.commit("one")
    repo.git("tag", "-a", "-m", "one", "v1.0.0")
    worse = (HEAD + MEASURED + cases()).replace("Be brief", "Be short")
    repo.write({"prompts/ask.prompt.yaml": worse})
    run(repo, RunOptions(mode="record"))
    repo.write(
        {
            "prompts/stale.prompt.yaml": HEAD.replace("Be brief", "Be new") + cases(5),
            "prompts/broken.prompt.yaml": "format: promptops/1\nmessages: 3\n",
        }
    )
    repo.commit("two")


def run(repo, options, wanted=None):
    with workspace(repo.root) as opened:
        return run_cases(opened, wanted or SelectionOptions(), options)


def sharded(repo, count, options=WHOLE, wanted=None):
    """The runs of all shards, and the file of each."""
    runs, files = [], []
    for index in range(1, count + 1):
        found = run(repo, replace(options, shard=Shard(index=index, count=count)), wanted)
        runs.append(found)
        files.append(f"{index}.jsonl")
        (repo.root / files[-1]).write_text(shard_text(found.shard))
    return runs, files


def merged(repo, files, options=WHOLE):
    shards = read_shards(repo.root, files)
    with workspace(repo.root) as opened:
        return merge(opened, tuple(shards.values()), options)


def value(found):
    """What its report says, but how long it took."""
    written = json.loads(data_text.write_json(found))
    worst = [one for each in written["decided"] for one in each["worst"]]
    answers = [one[side] for one in worst for side in ("before_answer", "after_answer")]
    for each in (written, *answers, *(each["answer"] or {} for each in written["cases"])):
        each.pop("duration_s", None)
        each.pop("latency_s", None)
    return written


@pytest.mark.parametrize(
    "written", ["0/8", "9/8", "a/b", "1", "1/", "/1", "-1/8", "1/10001", "١/٢"]
)
def test_what_is_no_shard_is_wrong_usage(written):
    with pytest.raises(UsageError) as refused:
        parse_shard(written)

    assert refused.value.message == f"{written!r} is not a shard"


def test_a_case_is_in_the_same_shard_for_ever():
    names = [f"c{number}" for number in range(12)]

    found = [
        [name for name in names if in_shard(Shard(index=index, count=3), "ask", name)]
        for index in (1, 2, 3)
    ]

    assert found == [
        ["c6", "c9"],
        ["c0", "c2", "c3", "c5", "c7", "c8", "c11"],
        ["c1", "c4", "c10"],
    ]


def test_shards_merged_say_what_one_run_says(catalog):
    whole = run(catalog, WHOLE)
    runs, files = sharded(catalog, 3)

    found = merged(catalog, files)

    (decided,) = whole.decided
    assert (whole.verdict, decided.verdict) == ("fail", "fail")
    assert {case.status for case in whole.cases} == {"passed", "failed", "stale", "error"}
    assert value(found) == value(whole)
    assert [len(each.decided) for each in runs] == [0, 0, 0]
    assert sum(case.name != "" for each in runs for case in each.cases) == 3 * CASES + 5


def test_the_order_of_the_files_makes_no_difference(catalog):
    _, files = sharded(catalog, 3)

    assert value(merged(catalog, files[::-1])) == value(merged(catalog, files))


def test_what_was_asked_live_is_judged_from_the_files_and_nobody_is_asked_again(catalog):
    live = RunOptions(mode="live")
    wanted = SelectionOptions(patterns=("reply",))
    whole = run(catalog, live, wanted)
    runs, files = sharded(catalog, 2, live, wanted)

    found = merged(catalog, files, RunOptions())

    assert [case.name for case in whole.cases if case.status == "failed"] == ["c3", "c4"]
    assert {case.source for case in found.cases} == {"live"}
    assert value(found) == value(whole)
    assert found.cost_usd == pytest.approx(sum(each.cost_usd for each in runs))
    assert found.cost_usd > 0


def test_with_enough_repeats_what_was_measured_live_is_decided_as_by_one_run(catalog):
    live = RunOptions(mode="live", repeats=6)
    wanted = SelectionOptions(patterns=("ask",))
    whole = run(catalog, live, wanted)
    _, files = sharded(catalog, 2, live, wanted)

    found = merged(catalog, files, RunOptions())

    (decided,) = found.decided
    assert decided.verdict == "fail"
    assert value(found) == value(whole)


def test_what_judges_said_is_in_the_file_of_their_shard(repo):
    opinion = Answer(says='{"reason": "Well said.", "score": 1.0}')
    rubric = "    - {type: llm-rubric, value: It is well said., score: quality}\n"
    prompt = HEAD + "evaluation:\n  judge: {profile: judge}\n  assertions:\n" + rubric + cases(6)
    with fault_server(lambda _: opinion) as server:
        judge = f'[models.judge]\nprovider = "openai"\nid = "j-1"\nbase_url = "{server.base_url}"\n'
        repo.write({"promptops.toml": CONFIG + judge, "prompts/ask.prompt.yaml": prompt})
        repo.commit("one")
        _, files = sharded(repo, 2, RunOptions(mode="live"))
        asked = len(server.requests)

        found = merged(repo, files)

    judged = [each for case in found.cases for each in case.assertions if each.score == "quality"]
    assert (asked, len(server.requests)) == (6, 6)
    assert {each.status for each in judged} == {"passed"}
    assert len(judged) == 6


def test_a_secret_that_was_answered_is_in_no_file_of_a_shard_and_that_is_told(repo):
    key = f"AKIA{'Q2R7T5W3' * 2}"

    def plan(received):
        secret = received.json["messages"][-1]["content"].endswith("q1")
        return Answer(says=f"q1 {key}") if secret else ECHO(received)

    with fault_server(plan) as server:
        profile = f'provider = "openai"\nid = "j-1"\nbase_url = "{server.base_url}"\n'
        repo.write(
            {
                "promptops.toml": f"[models.echo]\n{profile}",
                "prompts/ask.prompt.yaml": HEAD + cases(3),
            }
        )
        repo.commit("one")
        live = sharded(repo, 1, RunOptions(mode="live"))
        recorded = run(repo, RunOptions(mode="record", shard=Shard(index=1, count=1)))

    (ran,), files = live
    found = merged(repo, files)
    refused = "the answer to `c1` is not recorded: it contains a secret (AWS)"
    told = [each.reason for each in ran.cases if each.status == "error"]
    told_when_recording = [each.reason for each in recorded.cases if each.status == "error"]
    lost = {case.name: (case.status, case.reason) for case in found.cases if case.reason}
    assert key not in (repo.root / files[0]).read_text()
    assert [each.startswith(refused) for each in told] == [True]
    assert told_when_recording == told
    assert lost == {"c1": ("stale", refused), "": ("error", told[0])}


def test_what_no_shard_was_answered_is_not_asked_by_the_merge_either(repo):
    with fault_server() as server:
        profile = f'provider = "openai"\nid = "j-1"\nbase_url = "{server.base_url}"\n'
        repo.write(
            {
                "promptops.toml": f"[models.echo]\n{profile}",
                "prompts/ask.prompt.yaml": HEAD + cases(4),
            }
        )
        repo.commit("one")
        (ran,), files = sharded(repo, 1, RunOptions(mode="live"))
        fewer = replace(ran.shard, answers=ran.shard.answers[1:])
        (repo.root / files[0]).write_text(shard_text(fewer))

        found = merged(repo, files)

    (lost,) = [case for case in found.cases if case.status != "passed"]
    assert (lost.status, lost.reason) == ("stale", "no shard has an answer for it")
    assert len(server.requests) == 4


def test_what_a_provider_did_not_answer_stays_an_outage(repo):
    with fault_server(lambda _: Answer(status=400)) as server:
        profile = f'provider = "openai"\nid = "j-1"\nbase_url = "{server.base_url}"\n'
        repo.write(
            {
                "promptops.toml": f"[models.echo]\n{profile}",
                "prompts/ask.prompt.yaml": HEAD + cases(4),
            }
        )
        repo.commit("one")
        whole = run(repo, RunOptions(mode="live"))
        _, files = sharded(repo, 2, RunOptions(mode="live"))

        found = merged(repo, files)

    assert (whole.unanswered, found.unanswered) == (4, 4)
    assert value(found) == value(whole)


def test_a_selection_is_told_by_the_files_and_holds_for_the_merge(catalog):
    wanted = SelectionOptions(since="HEAD~1", patterns=("ask", "stale"))
    whole = run(catalog, RunOptions(), wanted)
    _, files = sharded(catalog, 2, RunOptions(), wanted)

    found = merged(catalog, files, RunOptions())

    assert {case.prompt for case in whole.cases} == {"ask", "stale"}
    assert value(found) == value(whole)


def test_a_shard_without_any_case_says_so(repo):
    repo.write({"promptops.toml": CONFIG, "prompts/ask.prompt.yaml": HEAD + cases(1)})
    run(repo, RunOptions(mode="record"))
    repo.commit("one")

    runs, files = sharded(repo, 2)

    assert sorted(each.nothing for each in runs) == ["", "shard 2/2 has no cases"]
    assert merged(repo, files).verdict == "pass"


def test_shards_that_are_missing_doubled_or_of_something_else_are_refused(catalog):
    _, files = sharded(catalog, 3, RunOptions())
    sharded(catalog, 2, RunOptions())
    halves = {}
    for index in (1, 2):
        halves[index] = f"half{index}.jsonl"
        (catalog.root / f"{index}.jsonl").rename(catalog.root / halves[index])
    sharded(catalog, 3, RunOptions())
    (catalog.root / "copy.jsonl").write_text((catalog.root / "1.jsonl").read_text())
    other = replace(RunOptions(), repeats=3, shard=Shard(index=3, count=3))
    (catalog.root / "other.jsonl").write_text(shard_text(run(catalog, other).shard))

    said = {}
    for name, given in {
        "none": [],
        "missing": files[:2],
        "named twice": [*files, files[0]],
        "doubled": [*files, "copy.jsonl"],
        "of halves": [files[0], halves[2]],
        "other repeats": [*files[:2], "other.jsonl"],
    }.items():
        with pytest.raises(UsageError) as refused:
            read_shards(catalog.root, given)
        said[name] = refused.value.message

    assert said == {
        "none": "there is nothing to merge",
        "missing": "shards are missing: 3/3",
        "named twice": "`1.jsonl` is named twice",
        "doubled": "`copy.jsonl` and `1.jsonl` are both shard 1/3",
        "of halves": "`half2.jsonl` has another number of shards than `1.jsonl`",
        "other repeats": "`other.jsonl` has another number of repeats than `1.jsonl`",
    }


def test_they_are_merged_only_where_the_same_cases_are(catalog):
    _, files = sharded(catalog, 2, RunOptions())
    stale = (catalog.root / "prompts/stale.prompt.yaml").read_text()
    catalog.write({"prompts/stale.prompt.yaml": stale.replace("value: q2", "value: q9")})

    with pytest.raises(UsageError) as refused:
        merged(catalog, files)

    assert refused.value.message == "the shards ran other cases than this revision has"


def test_they_are_merged_only_at_the_same_revision(catalog):
    _, files = sharded(catalog, 2, RunOptions())
    ran_at = catalog.git("rev-parse", "HEAD")[:12]
    catalog.commit("three")

    with pytest.raises(UsageError) as refused:
        merged(catalog, files)

    assert (refused.value.message, refused.value.hint) == (
        f"the shards ran at {ran_at}, and this is another revision",
        f"git checkout {ran_at}",
    )
