"""The example is an application: run as its README says, on a real release, well and badly."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from promptops import load
from tests.fork_server import shared
from tests.real_model import missing, real_model
from tests.servers.answers import FAULTS, Answer
from tests.servers.fault_server import fault_server
from tests.servers.plans import always, in_order
from tests.tiers import fast_first

pytestmark = pytest.mark.xdist_group("triage")  # its model is started once
EXAMPLE = Path(__file__).parents[2] / "examples" / "triage"
DEADLINE_S = 240.0  # a machine that others use is slow
TICKET = {"id": "T-1", "product": "router", "ticket": "The light blinks red."}
OTHER = {"id": "T-2", "product": "hub", "ticket": "How do I pair it?"}
SORTED = Answer(says='{"category": "bug", "urgency": 4}')
REPLY = Answer(says="What number is on the label?")
DONE = {
    "id": "T-1",
    "queue": "router",
    "category": "bug",
    "urgency": 4,
    "reply": "What number is on the label?",
}
NOWHERE = "http://127.0.0.1:9/v1"
AT_ONCE = {"retry-after-ms": "1"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a program did; `facts` is what the desk logged of each answer, without the seconds."""

    code: int
    out: str
    err: str

    @property
    def results(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def facts(self) -> list[Any]:
        found = [json.loads(text) for text in re.findall(r"INFO desk: answered (.*)", self.err)]
        return [{key: fact[key] for key in fact if key != "seconds"} for fact in found]


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    if reason := missing():
        pytest.skip(reason)
    with real_model() as address:
        yield address.base_url


@pytest.fixture
def released(prepared, tmp_path) -> Path:
    """A repository of the example, released as its README says."""
    return prepared(released_example).copied_to(tmp_path / "repo").root


def released_example(repo) -> None:
    shutil.copytree(EXAMPLE, repo.root, dirs_exist_ok=True)
    repo.commit("A ticket desk")
    made = promptops(repo.root, "release", "--yes")
    assert made.code == 0, made.err
    assert repo.git("cat-file", "-t", "v0.1.0") == "tag"


def promptops(folder: Path, *arguments: str) -> Said:
    done = shared().run(arguments, cwd=folder, environment=os.environ)
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def desk(folder: Path, *tickets: Any, model: str, arguments: tuple[str, ...] = (), **more: str):
    """Run it with these tickets, one a line; `bytes` are a line as it is."""
    pytest.importorskip("openai", reason="no openai: pip install 'openai>=3'")
    lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in tickets]
    environment = {"OPENAI_BASE_URL": model, "OPENAI_API_KEY": "no-key", **more}
    command = [sys.executable, str(EXAMPLE / "desk.py"), *arguments]
    return run(command, folder, b"\n".join(lines), **environment)


def run(command: list[str], folder: Path, stdin: bytes = b"", **environment: str) -> Said:
    done = subprocess.run(
        command,
        cwd=folder,
        input=stdin,
        env=os.environ | environment,
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


@contextmanager
def served(site: Path) -> Iterator[str]:
    """A folder as a site on loopback."""
    handler = partial(_Silent, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def test_its_catalog_passes_the_gate_without_findings(repo):
    shutil.copytree(EXAMPLE, repo.root, dirs_exist_ok=True)
    repo.commit("A ticket desk")

    found = promptops(repo.root, "check")

    assert found == Said(0, "pass: 2 prompts, no findings, 4 cases, 10 assertions\n", "")


def test_it_tests_itself_without_a_key_and_a_model(released, monkeypatch):
    pytest.importorskip("openai", reason="no openai: pip install 'openai>=3'")
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "PYTEST_", "COV_"))]:
        monkeypatch.delenv(name)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "promptops.pytest_plugin"]
    before = (released / "tests/promptops.recordings.jsonl").read_bytes()

    ran = run(command, released, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")

    assert (ran.code, ran.err) == (0, ""), ran.out
    assert ran.out.splitlines()[-1].startswith("3 passed in ")
    assert (released / "tests/promptops.recordings.jsonl").read_bytes() == before


@pytest.mark.slow
def test_a_real_model_answers_the_tickets_of_the_readme(released, model):
    tickets = (EXAMPLE / "tickets.jsonl").read_bytes()

    found = desk(released, tickets, model=model)

    assert found.code == 0, found.err
    assert [(each["id"], each["queue"]) for each in found.results] == [
        ("T-1", "router"),
        ("T-2", "hub"),
    ]
    for result in found.results:
        assert result["category"] in ("bug", "how_to", "billing", "other")
        assert 1 <= result["urgency"] <= 5
        assert result["reply"]


def test_what_is_sent_and_logged_is_that_of_the_release(released):
    (released / "prompts/partials/desk.md.j2").write_text("Be rude.\n")

    with fault_server(in_order(SORTED, REPLY)) as server:
        found = desk(released, TICKET, model=server.base_url)

    assert (found.code, found.results) == (0, [DONE])
    prompts = load("v0.1.0", source=released)
    inputs = {"product": TICKET["product"], "ticket": TICKET["ticket"]}
    triage = prompts["desk/triage"].render(**inputs)
    reply = prompts["desk/reply"].render(**inputs, category=DONE["category"])
    assert found.facts == [{**each.attributes(), "stale": False} for each in (triage, reply)]
    first, second = (request.json["messages"] for request in server.requests)
    assert first[1] == second[1]
    assert first[1]["content"] == "<ticket>\nThe light blinks red.\n</ticket>"
    assert "Ask for the number on the label" in second[0]["content"]
    assert "rude" not in first[0]["content"] + second[0]["content"]


@pytest.mark.slow
def test_it_runs_on_a_bundle_far_from_the_repository(released, tmp_path):
    bundle = tmp_path / "prompts.jsonl"
    assert promptops(released, "build", "v0.1.0", "-o", str(bundle)).code == 0

    with fault_server(in_order(SORTED, REPLY)) as server:
        found = desk(tmp_path, TICKET, model=server.base_url, PROMPTOPS_SOURCE=str(bundle))

    assert (found.code, found.results) == (0, [DONE])


@pytest.mark.slow
def test_a_site_out_of_reach_leaves_it_the_prompts_it_had(released, tmp_path):
    site, cache = tmp_path / "site", {"PROMPTOPS_CACHE": str(tmp_path / "cache")}
    assert promptops(released, "build", "v0.1.0", "--site", str(site)).code == 0
    with fault_server(in_order(SORTED, REPLY, SORTED, REPLY)) as server:
        with served(site) as address:
            arguments = ("--prompts", "^0.1", "--source", address)
            before = desk(tmp_path, TICKET, model=server.base_url, arguments=arguments, **cache)

        after = desk(tmp_path, TICKET, model=server.base_url, arguments=arguments, **cache)

    assert (before.code, before.results, after.code, after.results) == (0, [DONE], 0, [DONE])
    assert [fact["stale"] for fact in before.facts + after.facts] == [False, False, True, True]
    assert "WARNING promptops: " in after.err
    assert "'v0.1.0' stays in use" in after.err


@pytest.mark.slow
def test_a_model_that_fails_gives_the_ticket_to_people(released):
    with fault_server(always(Answer(status=500, headers=AT_ONCE))) as server:
        found = desk(released, TICKET, model=server.base_url)

    reason = "the model did not answer: InternalServerError: Error code: 500 - "
    (result,) = found.results
    assert (found.code, result["id"], result["queue"]) == (1, "T-1", "people")
    assert result["reason"].startswith(reason)
    assert len(server.requests) == 3  # the client of `openai` asks twice more


@pytest.mark.slow
def test_an_answer_that_is_none_does_not_stop_the_next_ticket(released):
    bodies = [b'{"choices": 3}', b'{"choices": [{"message": {"content": 5}}]}', b"null"]
    faults = [FAULTS[name] for name in ("malformed", "not UTF-8", "empty", "another shape")]
    faults += [Answer(body=body) for body in bodies]

    with fault_server(in_order(*faults, SORTED, REPLY)) as server:
        found = desk(released, *[OTHER] * len(faults), TICKET, model=server.base_url)

    *lost, done = found.results
    assert [(each["id"], each["queue"]) for each in lost] == [("T-2", "people")] * len(faults)
    assert [each["reason"].partition(":")[0] for each in lost] == [
        *["the model did not answer"] * 3,
        *["desk/triage"] * 4,
    ]
    assert (found.code, done) == (1, DONE)
    assert "Traceback" not in found.err


@pytest.mark.slow
def test_an_answer_that_does_not_fit_is_asked_for_once_more(released):
    with fault_server(in_order(Answer(says="a bug, \u009b\n I think"), SORTED, REPLY)) as server:
        found = desk(released, TICKET, model=server.base_url)

    assert (found.code, found.results) == (0, [DONE])
    assert "WARNING desk: asked again: desk/triage: the answer is not JSON: " in found.err


def test_twice_an_answer_that_does_not_fit_gives_the_ticket_to_people(released):
    wrong = Answer(says='{"category": "fire", "urgency": 9}')
    with fault_server(in_order(wrong, wrong, SORTED, REPLY)) as server:
        found = desk(released, OTHER, TICKET, model=server.base_url)

    lost, done = found.results
    assert (found.code, lost["id"], lost["queue"]) == (1, "T-2", "people")
    assert lost["reason"].startswith("desk/triage: the answer does not fit the output schema: ")
    assert done == DONE


def test_lines_that_are_no_tickets_do_not_stop_the_next_one(released):
    toaster, longer = {**OTHER, "product": "toaster"}, {**OTHER, "urgent": True}
    lines = [b"{", b"\xff", b"[" * 100_000, b"[]", {}, toaster, longer]

    with fault_server(in_order(SORTED, REPLY)) as server:
        found = desk(released, *lines, TICKET, model=server.base_url)

    *lost, done = found.results
    reasons = [
        (None, "it is no ticket: JSONDecodeError: "),
        (None, "it is no ticket: UnicodeDecodeError: "),
        (None, "it is no ticket: "),
        (None, "it is no ticket: ValueError: a JSON object is one"),
        (None, "desk/triage: `ticket` is missing; `product` is missing"),
        ("T-2", "desk/triage: `product` must be one of `router`, `camera`, `hub`"),
        ("T-2", "desk/triage: `urgent` "),
    ]
    for result, (id_, reason) in zip(lost, reasons, strict=True):
        assert (result["id"], result["queue"]) == (id_, "people")
        assert result["reason"].startswith(reason)
    assert (found.code, done) == (1, DONE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    fast_first(
        [
            (("--prompts", "v9.0.0"), "there is no 'v9.0.0'"),
            (("--prompts", "git:HEAD", "--source", "/nowhere"), "/nowhere: "),
            (("--source", "http://127.0.0.1:9"), "http://127.0.0.1:9/index.json: no answer"),
        ],
        1,
    ),
    ids=["no such release", "no such source", "out of reach"],
)
def test_without_its_prompts_the_desk_stays_closed(arguments, message, released, tmp_path):
    cache = str(tmp_path / "cache")

    found = desk(released, TICKET, model=NOWHERE, arguments=arguments, PROMPTOPS_CACHE=cache)

    assert (found.code, found.out) == (2, "")
    (line,) = found.err.splitlines()
    assert line.startswith("CRITICAL desk: the desk stays closed: ")
    assert message in line


@pytest.mark.slow
def test_a_release_without_one_of_its_prompts_is_noticed_at_the_start(repo):
    shutil.copytree(EXAMPLE, repo.root, dirs_exist_ok=True)
    for file in (repo.root / "prompts/desk").glob("reply.*"):
        file.unlink()
    repo.commit("No replies")
    repo.git("tag", "--annotate", "--message", "by hand", "v0.1.0")

    found = desk(repo.root, TICKET, model=NOWHERE)

    assert (found.code, found.out) == (2, "")
    assert "there is no prompt 'desk/reply' in v0.1.0" in found.err


@pytest.mark.slow
def test_without_a_key_the_desk_stays_closed(released, monkeypatch):
    for name in [name for name in os.environ if name.startswith("OPENAI_")]:
        monkeypatch.delenv(name)

    found = desk(released, TICKET, model=NOWHERE, OPENAI_API_KEY="")

    assert (found.code, found.out) == (2, "")
    assert "CRITICAL desk: the desk stays closed: OpenAIError: " in found.err
