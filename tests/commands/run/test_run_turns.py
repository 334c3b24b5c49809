"""A case with turns is refused by `promptops run`: one answer is not its conversation."""

from __future__ import annotations

from tests.conversation import CASE, PATH, PROMPT
from tests.servers.fault_server import fault_server


def test_a_case_with_turns_is_refused_with_the_command_that_runs_it(repo, say):
    with fault_server() as server:
        config = f'[models.main]\nprovider = "openai"\nid = "x"\nbase_url = "{server.base_url}"\n'
        repo.write({"promptops.toml": config, PATH: PROMPT})

        done = say("run", "refund", "--case", "a refund", "-C", str(repo.root))

        assert server.requests == []
    assert (done.code, done.out, done.err) == (
        2,
        "",
        f"{PATH}:18:5: error: the case {CASE!r} is a conversation, and `run` gets one answer\n"
        f"  tip: promptops test refund --case {CASE!r} --live\n",
    )
