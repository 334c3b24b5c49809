"""The clients of providers are imported when a model is called, and by nothing else."""

from __future__ import annotations

import pytest

from tests.cli.asked import PROMPT, ask, case, profile
from tests.servers.fault_server import fault_server

IMPORTED = """
import sys
from promptops.cli.main import run
code = run(sys.argv[1:])
heavy = ("anthropic", "google.genai", "httpx2", "openai")
print(code, [name for name in heavy if name in sys.modules], file=sys.stderr)
"""
DURING_REQUESTS = """
import sys
from promptops.cli.main import run
from promptops.evals.engine.run import _Run
finish, imported = _Run.finish, set()
async def finishing(self, interrupt):
    before = set(sys.modules)
    await finish(self, interrupt)
    imported.update(set(sys.modules) - before)
_Run.finish = finishing
code = run(sys.argv[1:])
print(code, sorted(imported), file=sys.stderr)
"""
CLIENTS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google.genai",
}


@pytest.mark.parametrize("provider", CLIENTS)
def test_nothing_is_imported_while_requests_are_timed(repo, provider):
    """An import stops the event loop, and the latencies of all first requests would be unknown."""
    more = "params = {max_output_tokens = 99}\n"
    with fault_server() as server:
        repo.write(
            {
                "promptops.toml": profile("fast", "m-1", server.base_url, more, provider=provider),
                "prompts/ask.prompt.yaml": PROMPT,
                "prompts/ask.cases.jsonl": case("hello"),
            }
        )
        repo.commit("one")
        recorded = ask(repo.root, "test", "--record", program=DURING_REQUESTS)

    assert recorded.err.splitlines()[-1] == "0 []"


@pytest.mark.parametrize("provider", CLIENTS)
def test_hook_replay_and_doctor_import_no_client(repo, provider):
    more = "params = {max_output_tokens = 99}\n"
    with fault_server() as server:
        repo.write(
            {
                "promptops.toml": profile("fast", "m-1", server.base_url, more, provider=provider),
                "prompts/ask.prompt.yaml": PROMPT,
                "prompts/ask.cases.jsonl": case("hello"),
            }
        )
        repo.commit("one")
        recorded = ask(repo.root, "test", "--record", program=IMPORTED)
    repo.commit("two")

    others = {
        command: ask(repo.root, *command.split(), program=IMPORTED).err.splitlines()[-1]
        for command in ("lint --staged", "test", "check", "doctor")
    }

    heavy = sorted({CLIENTS[provider], "httpx2"})
    assert recorded.err.splitlines()[-1] == f"0 {heavy}"
    assert {command: line.partition(" ")[2] for command, line in others.items()} == dict.fromkeys(
        others, "[]"
    )
