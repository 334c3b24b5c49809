"""`promptops test --shard` and `--merge-shards`, as they are typed."""

from __future__ import annotations

import json

import pytest

from tests.commands.asked import ask, case, files
from tests.servers.fault_server import fault_server

WORDS = tuple(f"word{number}" for number in range(9))
ASK = "prompts/ask.cases.jsonl"


@pytest.fixture
def recorded(repo):
    """Nine recorded cases, of which one fails."""
    with fault_server() as server:
        wrong = case("wrong").replace('"value": "wrong"', '"value": "right"')
        written = files(server.base_url, WORDS)
        repo.write({**written, ASK: written[ASK] + wrong})
        ask(repo.root, "test", "--record")
    repo.commit("one")
    return repo


def report(root, name):
    value = json.loads((root / name).read_text())
    del value["duration_s"]
    return value


def test_shards_merged_end_as_one_run_does(recorded, say):
    at = ("-C", str(recorded.root))

    whole = say("test", "--format", "json=whole.json", *at)
    shards = [
        say("test", "--shard", f"{n}/3", "--format", f"jsonl={n}.jsonl", *at) for n in (1, 2, 3)
    ]
    merged = say(
        *("test", "--merge-shards", "1.jsonl", "2.jsonl", "3.jsonl"),
        *("--format", "json=merged.json", "--format", "text", *at),
    )

    assert [said.code for said in shards].count(1) == 1
    assert (whole.code, merged.code) == (1, 1)
    assert report(recorded.root, "merged.json") == report(recorded.root, "whole.json")
    assert merged.out.splitlines()[-1] == "fail: 1 failed of 10 cases"


def test_the_limit_of_coverage_holds_for_the_merge(recorded, say):
    at = ("-C", str(recorded.root))
    recorded.write({ASK: "".join(map(case, WORDS))})
    recorded.commit("two")
    text = (recorded.root / "prompts/ask.prompt.yaml").read_text()
    branch = text.replace("Say {{ word }}.", "Say {{ word }}.{% if word == 'no' %}No.{% endif %}")
    recorded.write({"prompts/ask.prompt.yaml": branch})
    say("test", "--shard", "1/1", "--format", "jsonl=1.jsonl", *at)

    plain = say("test", "--merge-shards", "1.jsonl", *at)
    limited = say("test", "--merge-shards", "1.jsonl", "--fail-under", "90", *at)

    assert (plain.code, limited.code) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--shard", "0/8"), "error: '0/8' is not a shard\n"),
        (("--shard", "9/8"), "error: '9/8' is not a shard\n"),
        (("--shard", "a/b"), "error: 'a/b' is not a shard\n"),
        (
            ("--merge-shards", "a", "--record"),
            "error: --merge-shards and --record exclude each other\n",
        ),
        (
            ("--merge-shards", "a", "--since"),
            "error: --merge-shards and --since exclude each other\n",
        ),
        (
            ("--merge-shards", "a", "--shard", "1/2"),
            "error: --merge-shards and --shard exclude each other\n",
        ),
        (("--record", "--live"), "error: --record and --live exclude each other\n"),
        (("--format", "jsonl"), "error: the format jsonl is for shards\n"),
        (("--merge-shards",), "error: there is nothing to merge\n"),
        (("-j", "0"), "error: Invalid value for '-j': 0 is not in the range x>=1.\n"),
        (
            ("--fail-under", "nan"),
            "error: Invalid value for '--fail-under': nan is not a finite number.\n",
        ),
        (
            ("--max-cost", "nan"),
            "error: Invalid value for '--max-cost': nan is not a finite number.\n",
        ),
        (
            ("--max-time", "inf"),
            "error: Invalid value for '--max-time': inf is not a finite number.\n",
        ),
        (("--max-cost", "-1"), "error: Invalid value for '--max-cost': -1.0 is not in the "),
        (("--max-requests", "0"), "error: Invalid value for '--max-requests': 0 is not in the "),
        (("--event", "push"), "error: Invalid value for '--event': 'push' is not one of "),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(repo, say, arguments, error):
    repo.write(files("http://127.0.0.1:9/v1", WORDS[:1]))

    said = say("test", *arguments, "-C", str(repo.root))

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(error)


def test_a_file_that_is_no_shard_is_bad_input_with_its_place(recorded, say):
    recorded.write({"a.jsonl": '{"format": 1}\n', "b.jsonl": ""})

    said = [
        say("test", "--merge-shards", name, "-C", str(recorded.root)) for name in ("a.jsonl", "c")
    ]

    assert [(each.code, each.out) for each in said] == [(3, ""), (3, "")]
    assert said[0].err.startswith("a.jsonl:1:2: error: `answers` is missing\n")
    assert said[1].err == "c: error: can't be read: no such file or directory\n"


def test_a_commit_is_bound_to_its_budget_and_a_run_for_nobody_is_not(recorded, say):
    with fault_server() as server:
        config = files(server.base_url, WORDS)["promptops.toml"]
        priced = config.replace("input = 0.0", "input = 1.0") + "[test.budget]\nnightly = 0.5\n"
        recorded.write({"promptops.toml": priced.replace("price", "max_output_tokens = 9\nprice")})
        recorded.commit("the default branch names the server")
        at = ("--live", "-C", str(recorded.root))

        commit = say("test", *at, "--event", "commit")
        asked = len(server.requests)
        nightly = ask(recorded.root, "test", "--live", GITHUB_EVENT_NAME="schedule")
        free = say("test", *at)

    assert (commit.code, asked) == (5, 0)
    assert "\nsending 10 requests: up to $" in f"\n{commit.err}"
    assert "; at most $0 is spent\n" in commit.err
    assert "; at most $0.5 is spent\n" in nightly.err
    assert "is spent" not in free.err
