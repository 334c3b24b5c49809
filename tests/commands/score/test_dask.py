"""A cluster gives the same results as this process, also if it loses a worker."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promptops.cli.main import run
from promptops.commands.score import engines
from promptops.commands.score.finishing import finished_groups
from promptops.commands.score.options import ScoreOptions
from promptops.commands.score.packing import pack_of
from promptops.commands.score.part import Pack, PartSettings, joining_of, score_part
from promptops.commands.score.sums import Partial
from promptops.errors import InputError, PromptopsError, TransportError, UsageError
from promptops.model.score import Part, ScoreGroup
from promptops.repo.repository import Repository
from promptops.source.traffic.files import opened
from promptops.source.traffic.parts import parts
from promptops.workspace.workspace import workspace_at
from tests.conftest import GitRepository

pytestmark = pytest.mark.xdist_group("cluster")  # it is started once

PROMPT = """\
format: promptops/1
inputs: {type: object, properties: {question: {type: string}}}
messages: [{role: user, content: "{{ question }}"}]
evaluation:
  assertions:
    - {type: contains, value: "yes"}
    - {type: max-chars, value: 20, must: false, score: brief}
"""
SAMPLES = 2000


def sample(number: int) -> str:
    value = {
        "id": f"s-{number}",
        "prompt": "ask",
        "inputs": {"question": f"Is {number} even?"},
        "output": "yes" if number % 3 else f"no, since {number} is not, as you might know",
        "latency_s": number / 1000,
        "at": "2026-01-02T03:04:05Z",
    }
    return json.dumps(value)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repository = GitRepository(tmp_path_factory.mktemp("repository"))
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.write({"prompts/ask.prompt.yaml": PROMPT})
    repository.commit("a prompt")
    return repository.root


@pytest.fixture(scope="module")
def pack(root: Path) -> Pack:
    settings = PartSettings(by=("prompt", "day"), failures=5, events=True)
    with Repository.open(root) as opened_:
        return pack_of(workspace_at(opened_, "HEAD"), "HEAD", (), settings).pack


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("samples") / "samples.jsonl"
    path.write_text("".join(f"{sample(number)}\n" for number in range(SAMPLES)))
    return path


@pytest.fixture(scope="module")
def pieces(file: Path) -> tuple[Part, ...]:
    with opened([str(file)]) as files:
        return tuple(parts(files, size=10_000))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as started:
        yield started


def options(address: str, *paths: str) -> ScoreOptions:
    return ScoreOptions(paths=paths, engine="dask", cluster=address)


def result(pack: Pack, partials: Iterable[Partial]) -> tuple[tuple[ScoreGroup, ...], Any, bytes]:
    total = Partial(pack.settings.by, pack.settings.failures)
    events = []
    for partial in partials:
        events.append(partial.events)
        total.add_all(partial)
    joining = joining_of(pack)
    facts = joining.facts()
    return finished_groups(total, facts), total.failures.first, b"".join(sorted(events))


@pytest.fixture(scope="module")
def local(pack: Pack, pieces: tuple[Part, ...]) -> Any:
    found = result(pack, (score_part(part, pack) for part in pieces))
    assert [group.n for group in found[0]] == [SAMPLES]
    return found


@pytest.mark.slow
def test_the_order_of_the_parts_does_not_matter(
    pack: Pack, pieces: tuple[Part, ...], cluster: Any, local: Any
) -> None:
    shuffled = random.Random(1).sample(pieces, len(pieces))

    partials = list(engines.run_on_cluster(shuffled, pack, options(cluster.scheduler_address)))

    events = [score_part(part, pack).events for part in shuffled[:3]]
    assert [partial.events for partial in partials[:3]] == events
    assert result(pack, partials) == local


@pytest.mark.slow
def test_the_parts_of_a_killed_worker_are_scored_by_the_others(
    pack: Pack, pieces: tuple[Part, ...], cluster: Any, local: Any
) -> None:
    pids = [int(worker.pid) for worker in cluster.workers.values()]

    def with_a_kill() -> Iterator[Partial]:
        for number, partial in enumerate(
            engines.run_on_cluster(pieces, pack, options(cluster.scheduler_address))
        ):
            if number == 1:
                os.kill(pids[0], signal.SIGKILL)
            yield partial

    assert result(pack, with_a_kill()) == local


@pytest.mark.slow
def test_the_command_writes_the_same_report_events_and_cases(
    root: Path, file: Path, cluster: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    again = file.with_name("again.jsonl")
    again.write_text("".join(f"{sample(number)}\n" for number in range(SAMPLES - 100, SAMPLES)))
    shown, written = [], []
    for name, engine in (("a", ()), ("b", ("--engine", "dask"))):
        address = ("--cluster", cluster.scheduler_address) if engine else ()
        files = ("--events", f"{name}.jsonl", "--to-cases", f"{name}.yaml")
        command = ["score", str(file), str(again), "-C", str(root), "--format", "json"]
        assert run([*command, *files, *engine, *address]) == 0
        report = json.loads(capsysbinary.readouterr().out)
        assert report["samples"]["repeated"] == 100
        shown.append({key: report[key] for key in ("samples", "groups", "pack")})
        cases = (root / f"{name}.yaml").read_bytes().replace(b"./b.yaml", b"./a.yaml")
        written.append((cases, (root / f"{name}.jsonl").read_bytes()))

    assert shown[0] == shown[1]
    assert written[0] == written[1]


def refusal(pack: Pack, found: Iterable[Part], wanted: ScoreOptions) -> PromptopsError:
    with pytest.raises(PromptopsError) as raised:
        list(engines.run_on_cluster(found, pack, wanted))
    return raised.value


@pytest.mark.slow
def test_a_file_that_workers_can_not_read_is_reported_with_the_fix(
    pack: Pack, pieces: tuple[Part, ...], cluster: Any, file: Path
) -> None:
    aside = file.rename(file.with_suffix(".aside"))

    error = refusal(pack, pieces[:1], options(cluster.scheduler_address))

    aside.rename(file)
    assert isinstance(error, InputError)
    assert str(error) == (
        f"{file}: cannot read the file: no such file or directory\n"
        "  tip: the workers read the files: use an object store, or a folder all have"
    )


@pytest.mark.slow
def test_another_version_of_promptops_is_refused(
    pack: Pack, pieces: tuple[Part, ...], cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "version", lambda: "9.9.9")

    error = refusal(pack, pieces[:1], options(cluster.scheduler_address))

    from promptops.model.distribution import version

    assert isinstance(error, UsageError)
    assert error.message == f"a worker has git-promptops {version()}, and this machine has 9.9.9"


@pytest.mark.slow
def test_a_cluster_that_does_not_exist_is_reported(
    pack: Pack, pieces: tuple[Part, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "ANSWER_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        of_silent = refusal(pack, pieces, options(f"tcp://127.0.0.1:{port}"))
    of_closed = refusal(pack, pieces, options(f"tcp://127.0.0.1:{port}"))

    wrong = refusal(pack, pieces, options("nonsense"))

    without_certificate = refusal(pack, pieces, options(f"tls://127.0.0.1:{port}"))

    assert [type(wrong), type(without_certificate)] == [UsageError, UsageError]
    assert "no certificates" in without_certificate.message
    assert [type(of_silent), type(of_closed)] == [TransportError, TransportError]
    assert of_closed.where == f"tcp://127.0.0.1:{port}"
    assert of_closed.message.startswith("the cluster can't be reached: ")
    assert of_silent.exit_code == 5


def test_a_cluster_needs_an_address_and_files_that_it_can_read(pack: Pack) -> None:
    assert str(refusal(pack, (), options(""))) == (
        "the engine `dask` needs the address of a cluster\n  tip: write --cluster tcp://HOST:8786"
    )
    assert str(refusal(pack, (), options("tcp://127.0.0.1:1", "-"))) == (
        "the workers of a cluster can't read standard input\n"
        "  tip: write the samples to a file that all workers can read"
    )
