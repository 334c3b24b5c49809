"""A key is in nothing that batches print, write or store, whatever the server does with it."""

from __future__ import annotations

import json

import pytest

from tests.commands.asked import FILE
from tests.commands.test.batched import APIS, files
from tests.commands.test.test_test_secrets import SECRETS, VARIABLE, forms, on_disk, places, refused
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server

PLAIN = SECRETS["in the environment"].key


@pytest.mark.parametrize("api", APIS, ids=[api.name for api in APIS])
def test_a_key_is_neither_printed_nor_stored(repo, monkeypatch, say, api):
    key = SECRETS["of special characters"].key
    monkeypatch.setenv(VARIABLE, key)
    found = api.server(key)
    tells = refused(401, f"Incorrect API key provided: {key}, or {' '.join(forms(key))}")
    outputs = []
    with fault_server(found) as server:
        toml = files(api, server.base_url)
        more = f'api_key_env = "{VARIABLE}"\nheaders = {{x-acme-token = "Bearer {PLAIN}"}}\nprice'
        toml["promptops.toml"] = toml["promptops.toml"].replace("price", more)
        repo.write(toml)
        repo.commit("one")

        def run(*arguments: str) -> int:
            said = say("recordings", "batch", *arguments, "-C", str(repo.root))
            outputs.extend((said.out, said.err))
            return said.code

        found.faults["POST /v1/files"] = [tells]
        found.faults[api.create] = [tells]
        codes = [run("submit"), run("submit"), run("submit")]
        identity = next(iter(found.batches))
        found.faults[f"{api.create.replace('POST', 'GET')}/{identity}"] = [tells]
        codes += [run("collect"), run("collect")]
        found.finish(edit=lambda results: told(results, key))
        codes += [run("collect"), run("collect", "--format", "json")]

    written = on_disk(repo.root / ".git/promptops", repo.root / "prompts")
    written |= {f"output {number}": text.encode() for number, text in enumerate(outputs)}
    assert codes[0] == 5
    assert set(codes[1:]) <= {0, 5, 75}
    assert codes[-2] == 5
    recorded = (repo.root / FILE).read_text().splitlines()
    assert [json.loads(line)["case"] for line in recorded] == ["four"]
    assert places(key, written) == []
    assert places(PLAIN, written) == []


def told(results, key):
    """The key in an answer, in an error and in an id."""
    first, second, third, *rest = results
    as_text = json.dumps(first).replace("Say one.", json.dumps(f"Your key is {key}")[1:-1])
    third["custom_id"] = key
    error = {"error": {"type": "error", "error": {"type": "error", "message": f"bad key {key}"}}}
    body = {"error": {"message": f"bad key {key}"}}
    if "result" in second:
        second["result"] = {"type": "errored", **error}
    else:
        second["response"] = {"status_code": 400, "request_id": key, "body": body}
    return [json.loads(as_text), second, third, *rest]


def test_the_key_is_sent_to_the_configured_address_only(repo, monkeypatch, say):
    monkeypatch.setenv(VARIABLE, PLAIN)
    api = APIS[2]
    found = api.server(PLAIN)
    with fault_server() as elsewhere, fault_server(found) as server:
        toml = files(api, server.base_url)
        toml["promptops.toml"] = toml["promptops.toml"].replace(
            "price", f'api_key_env = "{VARIABLE}"\nprice'
        )
        repo.write(toml)
        repo.commit("one")
        run = ("-C", str(repo.root))
        say("recordings", "batch", "submit", *run)
        found.finish()
        found.elsewhere = elsewhere.base_url
        moved = Answer(status=307, headers={"location": elsewhere.base_url})
        found.faults["GET /v1/messages/batches/msgbatch_1/results"] = [moved]
        redirected = say("recordings", "batch", "collect", *run)
        collected = say("recordings", "batch", "collect", *run)

    assert (redirected.code, collected.code, elsewhere.requests) == (5, 0, [])
