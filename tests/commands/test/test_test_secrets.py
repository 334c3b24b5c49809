"""A key is in nothing that a run says or writes, whatever a server does with it."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.command_line import Said
from tests.commands.asked import PROMPT, ask, case, profile
from tests.fork_server import shared
from tests.servers.answers import OK, Answer, Ending
from tests.servers.fault_server import fault_server
from tests.servers.plans import Received
from tests.tiers import fast_spread

PLAIN = "acme7f3a9b2c5d1e4a6b8c0d"  # no vendor's pattern, so that it is not found by its looks
SPECIAL = "ac me\"7f\\3a/9b+2c=5d&1e<4a>'6b%8c"
VARIABLE = "ACME_KEY"
FORMATS = ("json", "junit", "github", "markdown", "html")
"""Into files, beside the text."""

SHORT = ("--config", "test.timeout_s=5", "--config", "test.total_timeout_s=1")
RUNS = {
    "live": ("test", "--live", "--shard", "1/1", "--format=jsonl=../out/live.jsonl"),
    "refresh": ("test", "--refresh"),
    "audit": ("recordings", "audit", "-n", "100%"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A way to give a key to a profile; `more` and `user` stand in the configuration."""

    key: str
    provider: str = "openai"
    more: str = ""
    user: str = ""
    runs: tuple[str, ...] = ("refresh",)

    def sent(self, received: Received) -> bool:
        user = base64.b64encode(f"me:{self.key}".encode()).decode()
        return any(self.key in value or user in value for value in received.headers.values())


SECRETS = {
    "in the environment": Secret(key=PLAIN, more=f'api_key_env = "{VARIABLE}"'),
    "of special characters": Secret(
        key=SPECIAL, more=f'api_key_env = "{VARIABLE}"', runs=tuple(RUNS)
    ),
    "in a header": Secret(key=PLAIN, more=f'headers = {{x-acme-token = "Bearer {PLAIN}"}}'),
    "in the address": Secret(key=PLAIN, user=f"me:{PLAIN}@"),
    "of anthropic": Secret(
        key=SPECIAL,
        provider="anthropic",
        more=f'api_key_env = "{VARIABLE}"\nparams = {{max_output_tokens = 99}}',
        runs=tuple(RUNS),
    ),
    "of gemini": Secret(
        key=SPECIAL, provider="gemini", more=f'api_key_env = "{VARIABLE}"', runs=tuple(RUNS)
    ),
}


@dataclass(slots=True)
class Telling:
    """Answers well, and from some moment on tells the key in each way that it is asked for."""

    key: str
    provider: str
    elsewhere: str
    tells: bool = False
    faults: dict[str, Answer] = field(init=False)

    def __post_init__(self) -> None:
        key, coded = self.key, base64.b64encode(f"user:{self.key}".encode()).decode()
        escaped = json.dumps(key)
        self.faults = {
            "incorrect": refused(401, f"Incorrect API key provided: {key}. See {quote(key)}."),
            "coded": refused(403, f"Who is {coded}? Or {key[:12]}...{key[-8:]}?"),
            "broken": refused(500, f"key={quote(key, safe='')}"),
            "error in a 200": Answer(body=refused(200, key).body),
            "malformed": Answer(body=f'{{"choices": [{{"message": {escaped}'.encode()),
            "reset": Answer(ending=Ending.RESET),
            "truncated": Answer(ending=Ending.TRUNCATED, says=key),
            "redirect": Answer(
                status=307, headers={"location": f"{self.elsewhere}?key={quote(key)}"}
            ),
            "says it": Answer(says=f"Your key is {key}"),
            "says it coded": Answer(says=f"It is {coded}"),
            "says it quoted": Answer(says=f"It is {quote(key, safe='')}"),
            "says it in JSON": Answer(says=f'{{"key": {escaped}}}'),
            "calls it": called(key, self.provider),
        }

    def __call__(self, received: Received) -> Answer:
        if not self.tells:
            return OK
        text = json.dumps(received.json)
        if "echo" in text:
            return refused(400, f"bad request: {dict(received.headers)}")
        return next(answer for word, answer in self.faults.items() if f"Say {word}." in text)


def refused(status: int, message: str) -> Answer:
    body = {"error": {"message": message, "type": "invalid_request_error", "code": None}}
    return Answer(status=status, body=json.dumps(body).encode())


def called(key: str, provider: str) -> Answer:
    """A call of a tool whose arguments, and the name of the model, are the key."""
    arguments = {"key": key}
    function = {"name": "look", "arguments": json.dumps(arguments)}
    message = {"role": "assistant", "content": None, "tool_calls": [{"function": function}]}
    use = {"type": "tool_use", "id": "c", "name": "look", "input": arguments}
    part = {"functionCall": {"name": "look", "args": arguments}}
    bodies: dict[str, dict[str, object]] = {
        "openai": {"model": key, "choices": [{"message": message}]},
        "anthropic": {"model": key, "content": [use]},
        "gemini": {"modelVersion": key, "candidates": [{"content": {"parts": [part]}}]},
    }
    return Answer(body=json.dumps(bodies[provider]).encode())


def forms(key: str) -> Iterator[str]:
    """A key as somebody may have written it; of base64 the part that is the same in any text."""
    yield from (key, quote(key), quote(key, safe=""), json.dumps(key)[1:-1], repr(key)[1:-1])
    yield from (html.escape(key), html.escape(key, quote=False))
    for before in ("", "user:", "me:"):
        coded = base64.b64encode(f"{before}{key}".encode()).decode()
        yield coded[(len(before) * 4 + 2) // 3 : -4]


def places(key: str, texts: dict[str, bytes]) -> list[str]:
    """Where any form of a key stands."""
    wanted = [form.encode() for form in forms(key)]
    return [name for name, text in texts.items() if any(form in text for form in wanted)]


def on_disk(*folders: Path) -> dict[str, bytes]:
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return {str(file): file.read_bytes() for file in files}


def broken_runs(root: Path, folder: Path, names: tuple[str, ...]) -> list[Said]:
    """Runs in every mode, at once, each in every format; beside what they say they write `out`."""

    def one(run: str) -> Said:
        formats = [f"--format={name}=../out/{run}.{name}" for name in FORMATS]
        arguments = (*RUNS[run], *SHORT, "--format=text", *formats)
        environment = {"HOME": f"{folder}/home", "TMPDIR": f"{folder}/tmp"}
        return ask(root, *arguments, PROMPTOPS_DEBUG="1", **environment)

    shared()  # is started once, before the threads
    with ThreadPoolExecutor() as pool:
        return list(pool.map(one, names))


@pytest.mark.parametrize("secret", fast_spread(SECRETS.values(), 3), ids=SECRETS)
def test_a_key_is_neither_printed_nor_written(repo, tmp_path, monkeypatch, say, secret):
    monkeypatch.setenv(VARIABLE, secret.key)
    folders = [tmp_path / name for name in ("home", "tmp", "out")]
    for folder in folders:
        folder.mkdir()
    with fault_server() as elsewhere:
        plan = Telling(secret.key, secret.provider, elsewhere.base_url)
        with fault_server(plan) as server:
            address = server.base_url.replace("//", f"//{secret.user}")
            words = (*plan.faults, "echo")
            repo.write(
                {
                    "promptops.toml": profile(
                        "fast", "fast-1", address, secret.more, provider=secret.provider
                    ),
                    "prompts/ask.prompt.yaml": PROMPT,
                    "prompts/ask.cases.jsonl": "".join(map(case, words)),
                }
            )
            repo.commit("one")
            recorded = say("test", "--record", "-C", str(repo.root))
            plan.tells = True
            ends = broken_runs(repo.root, tmp_path, secret.runs)
        asked_elsewhere = len(elsewhere.requests)

    written = on_disk(repo.root, *folders)
    for run, said in zip(secret.runs, ends, strict=True):
        written |= {f"out of {run}": said.out.encode(), f"err of {run}": said.err.encode()}
    assert recorded.code == 0
    assert all(secret.sent(received) for received in server.requests)
    assert {said.code for said in ends} == {5}
    assert asked_elsewhere == 0
    assert {f"{run}.{name}" for run in secret.runs for name in FORMATS} <= {
        file.name for file in (tmp_path / "out").iterdir()
    }
    configured = {str(repo.root / "promptops.toml")} if VARIABLE not in secret.more else set()
    assert set(places(secret.key, written)) == configured
