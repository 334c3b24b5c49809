"""`promptops compare --batch`: the recordings of arms at half the price."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.commands.test.batched import CHAT, batched, files, profile

MODELS = ("--model", "cheap", "--model", "slow")


def recordings(root: Path) -> dict[str, list[dict[str, object]]]:
    """All recordings without latencies, which a batch does not have."""
    found = {}
    for file in sorted(root.rglob("*.recordings*.jsonl")):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            line.pop("latency_s", None)
        found[str(file.relative_to(root))] = lines
    return found


def test_the_recordings_of_arms_are_those_of_record(repo, tmp_path, say):
    with batched(repo, say) as one:
        url = one.server.base_url
        more = [profile(CHAT, name, f"{name}-1", url) for name in ("cheap", "slow")]
        repo.write({"promptops.toml": files(CHAT, url)["promptops.toml"] + "".join(more)})
        repo.commit("more models")
        whole = repo.copied_to(tmp_path / "whole")
        recorded = say("compare", *MODELS, "--record", "-C", str(whole.root))

        def run(*arguments: str):
            return say("compare", *arguments, "-C", str(repo.root))

        submitted = run(*MODELS, "--batch")
        pending = [(each["purpose"]["command"], each["purpose"]["submit"]) for each in one.pending]
        running = one.run("collect")
        one.api.finish(edit=reversed)
        collected = one.run("collect")
        again = one.run("collect")
        compared = run(*MODELS)

    assert (recorded.code, submitted.code, running.code, collected.code) == (0, 0, 75, 0)
    submit = "promptops compare --model cheap --model slow --batch"
    assert pending == [("compare", submit)] * 3
    assert collected.out.splitlines()[-1] == "next: promptops compare --model cheap --model slow"
    assert again.out == "nothing to collect: no batch is pending\n"
    assert compared.code == 0
    assert recordings(repo.root) == recordings(whole.root)
    assert len(recordings(repo.root)) == 3


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ((), "nothing to compare is named"),
        (("--model", "a", "--live"), "--batch and --live exclude each other"),
        (("--model", "a", "--record"), "--batch and --record exclude each other"),
        (("--model", "a", "--require", "a"), "--batch and --require exclude each other"),
        (("--model", "a", "--prune"), "--batch and --prune exclude each other"),
        (("--model", "a", "-j", "2"), "--batch and -j exclude each other"),
        (("--model", "a", "--max-time", "9"), "--batch and --max-time exclude each other"),
        (("--model", "a", "--format", "html"), "--batch writes only text and json, not html"),
    ],
)
def test_options_that_make_no_sense_for_a_batch_are_refused(small, say, options, error):
    refused = say("compare", "--batch", *options, "-C", str(small.root))

    assert (refused.code, refused.err.splitlines()[0]) == (2, f"error: {error}")


def test_answers_that_are_recorded_from_the_cache_are_counted(repo, say):
    with batched(repo, say) as one:
        url = one.server.base_url
        more = profile(CHAT, "cheap", "cheap-1", url)
        repo.write({"promptops.toml": files(CHAT, url)["promptops.toml"] + more})
        repo.commit("more models")
        say("compare", "--model", "cheap", "--record", "-C", str(repo.root))
        shutil.rmtree(repo.root / "comparisons")

        submitted = say("compare", "--model", "cheap", "--batch", "-C", str(repo.root))

    assert (submitted.code, submitted.out) == (
        0,
        "recorded 8 answers from the local cache\nnothing to submit: no answer is missing\n",
    )
    assert len(recordings(repo.root)) == 2
