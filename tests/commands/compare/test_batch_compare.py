"""`promptops compare --batch`: the recordings of arms at half the price."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

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

        submitted = run(*MODELS, "--batch", "submit")
        pending = [batch["command"] for batch in one.pending]
        of_test = one.run("--batch", "collect")
        running = run("--batch", "collect")
        one.api.finish(edit=reversed)
        collected = run("--batch", "collect")
        again = run("--batch", "collect")
        compared = run(*MODELS)

    assert (recorded.code, submitted.code, running.code, collected.code) == (0, 0, 75, 0)
    assert (pending, of_test.out) == (
        ["compare"] * 3,
        "nothing to collect: no batch is pending\n",
    )
    assert collected.out.splitlines()[-1] == "next: promptops compare --model cheap --model slow"
    assert again.out == "nothing to collect: no batch is pending\n"
    assert compared.code == 0
    assert recordings(repo.root) == recordings(whole.root)
    assert len(recordings(repo.root)) == 3


def test_what_belongs_to_a_submit_is_refused_elsewhere(small, say):
    refused = say("compare", "--model", "fast", "--batch", "collect", "-C", str(small.root))
    nothing = say("compare", "--batch", "submit", "-C", str(small.root))
    live = say("compare", "--batch", "submit", "--live", "-C", str(small.root))

    assert (refused.code, nothing.code, live.code) == (2, 2, 2)
    assert "--model belongs to --batch submit, not to --batch collect" in refused.err
    assert "nothing to compare is named" in nothing.err
    assert "--batch and --live exclude each other" in live.err


def test_answers_that_are_recorded_from_the_cache_are_counted(repo, say):
    with batched(repo, say) as one:
        url = one.server.base_url
        more = profile(CHAT, "cheap", "cheap-1", url)
        repo.write({"promptops.toml": files(CHAT, url)["promptops.toml"] + more})
        repo.commit("more models")
        say("compare", "--model", "cheap", "--record", "-C", str(repo.root))
        shutil.rmtree(repo.root / "comparisons")

        submitted = say("compare", "--model", "cheap", "--batch", "submit", "-C", str(repo.root))

    assert (submitted.code, submitted.out) == (
        0,
        "recorded 8 answers from the local cache\nnothing to submit: no answer is missing\n",
    )
    assert len(recordings(repo.root)) == 2
