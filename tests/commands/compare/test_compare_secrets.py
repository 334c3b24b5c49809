"""A key is in nothing that `compare` and `run` print, write or store, whatever a server sends."""

from __future__ import annotations

import pytest

from tests.commands.asked import PROMPT, case, profile
from tests.commands.test.test_test_secrets import SECRETS, SHORT, VARIABLE, Telling, on_disk, places
from tests.servers.fault_server import fault_server

SPECIAL = SECRETS["of special characters"].key
FORMATS = ("text", "json", "markdown", "html")


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["anthropic", "gemini", "openai"])
def test_a_key_is_neither_printed_nor_stored(repo, tmp_path, monkeypatch, say, provider):
    monkeypatch.setenv(VARIABLE, SPECIAL)
    more = f'api_key_env = "{VARIABLE}"\nparams = {{max_output_tokens = 99}}'
    outputs, codes = [], []

    def run(*arguments: str) -> None:
        done = say(*arguments, "-C", str(repo.root), "--trust-config", *SHORT)
        codes.append((arguments[0], done.code))
        outputs.extend((done.out, done.err))

    with fault_server() as elsewhere:
        plan = Telling(SPECIAL, provider, elsewhere.base_url, tells=True)
        with fault_server(plan) as server:
            own = '[models.fast]\nprovider = "echo"\nid = "echo-1"\n'
            other = profile("other", "m-1", server.base_url, more, provider=provider)
            repo.write(
                {
                    "promptops.toml": own + other,
                    "prompts/ask.prompt.yaml": PROMPT,
                    "prompts/ask.cases.jsonl": "".join(map(case, plan.faults)),
                }
            )
            repo.commit("one")
            formats = [f"--format={name}={tmp_path}/out.{name}" for name in FORMATS]
            run("compare", "ask", "--model", "other", "--record", *formats)
            for word in plan.faults:
                run("run", "ask", "--case", word, "--model", "other", "--format=json")
                run("run", "ask", "--case", word, "--model", "other")
        requests = [*server.requests]
        asked_elsewhere = len(elsewhere.requests)

    written = on_disk(repo.root) | {
        name: (tmp_path / f"out.{name}").read_bytes() for name in FORMATS
    }
    written |= {f"output {number}": text.encode() for number, text in enumerate(outputs)}
    assert codes[0] == ("compare", 5)
    assert {code for _, code in codes[1:]} <= {0, 1, 5}
    assert all(any(SPECIAL in value for value in each.headers.values()) for each in requests)
    assert (asked_elsewhere, places(SPECIAL, written)) == (0, [])
