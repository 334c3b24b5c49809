"""The clients of providers are imported when a model is called, and by nothing else."""

from __future__ import annotations

import pytest

from tests.commands.asked import PROMPT, ask, case, profile
from tests.servers.fault_server import fault_server
from tests.tiers import fast_first

IMPORTED = """
import sys
from promptops.cli.main import run
heavy = ("anthropic", "google.genai", "httpx2", "openai")
for command in sys.argv[1:]:
    code = run(command.split())
    imported = " ".join(name for name in heavy if name in sys.modules)
    print(f"{command}: exit {code}, imported: {imported}")
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
PROVIDERS = ("openai", "anthropic", "gemini")
MORE = "params = {max_output_tokens = 99}\n"
# In one process: a command also has what the commands before it imported.
COMMANDS = {
    "lint --staged": "exit 0, imported: ",
    "test": "exit 0, imported: ",
    "check": "exit 0, imported: ",
    "doctor": "exit 1, imported: ",  # there is no hook
    "test gemini --refresh": "exit 0, imported: google.genai httpx2",
    "test anthropic --refresh": "exit 0, imported: anthropic google.genai httpx2",
    "test openai --refresh": "exit 0, imported: anthropic google.genai httpx2 openai",
}


@pytest.mark.parametrize("provider", fast_first(PROVIDERS, 1))
def test_nothing_is_imported_while_requests_are_timed(repo, provider):
    """An import stops the event loop, and the latencies of all first requests would be unknown."""
    with fault_server() as server:
        repo.write(
            {
                "promptops.toml": profile("fast", "m-1", server.base_url, MORE, provider=provider),
                "prompts/ask.prompt.yaml": PROMPT,
                "prompts/ask.cases.jsonl": case("hello"),
            }
        )
        repo.commit("one")
        recorded = ask(repo.root, "test", "--record", program=DURING_REQUESTS)

    assert recorded.err.splitlines()[-1] == "0 []"


def test_hook_replay_and_doctor_import_no_client(repo):
    with fault_server() as server:
        url = server.base_url
        models = [profile(name, "m-1", url, MORE, provider=name) for name in PROVIDERS]
        prompts = {
            f"prompts/{name}.prompt.yaml": PROMPT.replace("profile: fast", f"profile: {name}")
            for name in PROVIDERS
        }
        cases = {"prompts/ask.cases.jsonl": case("hello")}
        repo.write({"promptops.toml": "".join(models), **prompts, **cases})
        repo.commit("one")
        recorded = ask(repo.root, "test", "--record")
        repo.git("add", ".")

        said = ask(repo.root, *COMMANDS, program=IMPORTED)

    found = [line.split(": ", 1) for line in said.out.splitlines() if ", imported: " in line]
    assert (recorded.code, dict(found)) == (0, COMMANDS)
