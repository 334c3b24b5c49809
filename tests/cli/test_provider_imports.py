"""The clients of providers are imported when a model is called, and by nothing else."""

from __future__ import annotations

from tests.cli.asked import PROMPT, ask, case, profile
from tests.servers.fault_server import fault_server

IMPORTED = """
import sys
from promptops.cli.main import run
heavy = ("anthropic", "google.genai", "httpx2", "openai")
for command in sys.argv[1:]:
    code = run(command.split())
    imported = " ".join(name for name in heavy if name in sys.modules)
    print(f"{command}: exit {code}, imported: {imported}")
"""
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


def test_hook_replay_and_doctor_import_no_client(repo):
    with fault_server() as server:
        url = server.base_url
        names = ("openai", "anthropic", "gemini")
        models = [profile(name, "m-1", url, MORE, provider=name) for name in names]
        prompts = {
            f"prompts/{name}.prompt.yaml": PROMPT.replace("profile: fast", f"profile: {name}")
            for name in names
        }
        cases = {"prompts/ask.cases.jsonl": case("hello")}
        repo.write({"promptops.toml": "".join(models), **prompts, **cases})
        repo.commit("one")
        recorded = ask(repo.root, "test", "--record")
        repo.git("add", ".")

        said = ask(repo.root, *COMMANDS, program=IMPORTED)

    found = [line.split(": ", 1) for line in said.out.splitlines() if ", imported: " in line]
    assert (recorded.code, dict(found)) == (0, COMMANDS)
