"""The TypeScript example is a service: compiled, and run on a signed site as its README says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from promptops import load
from tests.bundles.released import key, promptops, signing_with
from tests.conformance.test_js_package import SOURCES, with_packages
from tests.js.test_application import application  # noqa: F401  # a fixture
from tests.runtime.loading.site_server import served
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server
from tests.servers.plans import in_order

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = EXAMPLES / "triage-ts"
TICKET = {"id": "T-1", "product": "router", "ticket": "The light blinks red."}
SORTED = Answer(says='{"category": "bug", "urgency": 4}')
UNFIT = Answer(says='{"category": "weather", "urgency": 4}')
REPLY = Answer(says="What number is on the label?")
DONE = {
    "id": "T-1",
    "queue": "router",
    "category": "bug",
    "urgency": 4,
    "reply": "What number is on the label?",
}


@pytest.fixture
def service(application, tmp_path) -> Path:  # noqa: F811  # a fixture
    """The compiled program of the example, beside the packages that it imports."""
    folder = tmp_path / "service"
    shutil.copytree(EXAMPLE, folder)
    (folder / "node_modules").symlink_to(application / "node_modules")
    tsc = ["node", str(SOURCES / "node_modules/typescript/bin/tsc"), "-p", str(folder)]
    done = subprocess.run(tsc, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    return folder / "out" / "service.js"


@pytest.fixture
def catalog(repo):
    """The repository of the other example, with a commit."""
    shutil.copytree(EXAMPLES / "triage", repo.root, dirs_exist_ok=True)
    repo.commit("A ticket desk")
    return repo


def done(repo, *arguments: str) -> None:
    found = promptops(*arguments, cwd=repo.root)
    assert found.returncode == 0, found.stderr.decode()


@contextmanager
def running(program: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        ["node", str(program)],
        env=os.environ | {"OPENAI_API_KEY": "no-key", "PORT": "0", **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_log(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stderr is not None
    found: dict[str, Any] = json.loads(process.stderr.readline())
    return found


def answer(port: int, body: bytes) -> Any:
    request = Request(f"http://127.0.0.1:{port}/tickets", body, method="POST")
    with urlopen(request, timeout=60) as response:
        return json.loads(response.read())


@with_packages
def test_it_answers_by_a_signed_channel_and_hands_over_what_it_cannot(service, catalog, tmp_path):
    ada = key(tmp_path)
    signing_with(catalog, ada)
    site = tmp_path / "site"
    done(catalog, "release", "--version", "0.1.0", "--yes")
    done(catalog, "promote", "v0.1.0", "production", "--commit")
    done(catalog, "build", "v0.1.0", "--site", str(site), "--sign")
    plan = in_order(SORTED, REPLY, UNFIT, SORTED, REPLY, UNFIT, UNFIT)

    with served(site) as server, fault_server(plan) as model:
        environment = {
            "PROMPTOPS_SOURCE": server.address,
            "PROMPTOPS_TRUST": str(ada.signers),
            "PROMPTOPS_CACHE": str(tmp_path / "cache"),
            "OPENAI_BASE_URL": model.base_url,
        }
        with running(service, **environment) as process:
            opened = first_log(process)
            port = opened["open"]["port"]
            ticket = json.dumps(TICKET).encode()
            found = [answer(port, ticket) for _ in range(3)]
            with pytest.raises(HTTPError) as long:
                answer(port, b" " * 1_000_000)
            long.value.close()
            wrong = [answer(port, body) for body in (b"{", b"null", b'{"id": 2, "product": "car"}')]

        requests = [request.json["messages"] for request in model.requests]
    prompts = load("v0.1.0", source=catalog.root)
    assert (opened["release"], opened["digest"]) == ("v0.1.0", prompts.digest)
    assert found[:2] == [DONE, DONE]
    assert (found[2]["id"], found[2]["queue"]) == ("T-1", "people")
    assert found[2]["reason"].startswith("desk/triage: the answer does not fit the output schema")
    assert [each["queue"] for each in wrong] == ["people"] * 3
    assert wrong[2]["id"] == 2
    assert long.value.code == 413
    inputs = {"product": TICKET["product"], "ticket": TICKET["ticket"]}
    triage = prompts["desk/triage"].render(**inputs)
    assert requests[0] == triage.openai()["messages"]


@with_packages
def test_it_does_not_start_without_a_prompt_that_it_needs(service, catalog, tmp_path):
    (catalog.root / "prompts/desk/reply.prompt.yaml").unlink()
    (catalog.root / "prompts/desk/reply.recordings.jsonl").unlink()
    catalog.commit("No replies")
    bundle = tmp_path / "prompts.jsonl"
    done(catalog, "release", "--version", "0.1.0", "--yes")
    done(catalog, "build", "v0.1.0", "-o", str(bundle))

    with running(service, PROMPTOPS_SOURCE=str(bundle), CHANNEL="v0.1.0") as process:
        closed = first_log(process)
        code = process.wait(60)

    assert code == 2
    assert "there is no prompt 'desk/reply'" in closed["closed"]


@with_packages
def test_it_does_not_start_with_a_release_that_the_wrong_person_signed(service, catalog, tmp_path):
    ada, eve = key(tmp_path), key(tmp_path, "eve")
    signing_with(catalog, eve)
    site = tmp_path / "site"
    done(catalog, "release", "--version", "0.1.0", "--yes")
    done(catalog, "promote", "v0.1.0", "production", "--commit")
    done(catalog, "build", "v0.1.0", "--site", str(site), "--sign")
    environment = {
        "PROMPTOPS_SOURCE": str(site),
        "PROMPTOPS_TRUST": str(ada.signers),
        "PROMPTOPS_CACHE": str(tmp_path / "cache"),
    }

    with running(service, **environment) as process:
        closed = first_log(process)
        code = process.wait(60)

    assert code == 2
    assert re.search("is signed by ED25519 key SHA256:.*, which is not trusted", closed["closed"])


def test_its_types_are_those_of_the_prompts(catalog):
    done(catalog, "stubs", "worktree", "--format", "typescript", "-o", "prompts.ts")

    assert (catalog.root / "prompts.ts").read_text() == (EXAMPLE / "src/prompts.ts").read_text()
