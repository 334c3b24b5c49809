"""`recordings batch` with a conversation: each round asks the next turn."""

from __future__ import annotations

from tests.commands.test.batched import CHAT, PRICE, Batched, profile
from tests.servers.fault_server import fault_server
from tests.testing.test_conversations import CASE, PROMPT, agent

LIMITED = f"params = {{max_output_tokens = 100}}\n{PRICE}"
PROFILE = ("served", "m")


def test_each_round_asks_the_next_turn_and_records_what_record_does(repo, say, tmp_path):
    api = CHAT.server()
    api.answer = agent
    with fault_server(api) as server:
        config = profile(CHAT, *PROFILE, server.base_url, LIMITED)
        repo.write({"promptops.toml": config, "prompts/ask.prompt.yaml": PROMPT + CASE})
        repo.commit("one")
        whole = repo.copied_to(tmp_path / "whole")
        say("test", "--record", "-C", str(whole.root))
        server.requests.clear()
        one = Batched(repo=repo, api=api, server=server, say=say)
        rounds = [_round(one) for _ in range(3)]
        last = one.json("submit")[1]
        direct = [each.path for each in server.requests if "chat" in each.path]

    submit, collect = "promptops recordings batch submit", "promptops recordings batch collect"
    in_no_batch = "not requested: it is in no batch yet"
    assert rounds == [
        (1, collect, 5, submit, [("a refund", f"turn 2: {in_no_batch}")]),
        (1, collect, 5, submit, [("a refund", f"turn 3: {in_no_batch}")]),
        (1, collect, 0, "promptops test", []),
    ]
    assert (last["batches"], last["next"], direct) == ([], None, [])
    assert one.recordings == (whole.root / "prompts/ask.recordings.jsonl").read_bytes()
    assert one.test().code == 0


def _round(one: Batched) -> tuple[int, str, int, str, list[tuple[str, str]]]:
    """Submit, finish and collect; what both print."""
    _, submitted = one.json("submit")
    one.api.finish()
    code, collected = one.json("collect")
    missing = [(each["case"], each["reason"]) for each in collected["unanswered"]]
    requests = sum(batch["requests"] for batch in submitted["batches"])
    return requests, submitted["next"], code, collected["next"], missing
