"""The conformance vectors are current, and an implementation that reads only them passes."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import promptops
from promptops.errors import IntegrityError, UsageError
from promptops.model.place import Text, plain_text
from promptops.model.version import parse, parse_range
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.bundle.format import read_bundle
from promptops.runtime.loading import trust as trusting
from promptops.runtime.loading.source import parse_ref
from promptops.runtime.request.inputs import Inputs
from promptops.runtime.request.render import RenderError
from promptops.runtime.template.limits import MAX_WORK
from promptops.runtime.template.text_rendering import Run, TemplateFailure, render_text
from tests.conformance.answers import parsed
from tests.conformance.make_vectors import FOLDER, files, program_only
from tests.tiers import fast_first

MAX_BYTES = 1_000_000


def rows(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@pytest.mark.slow
def test_the_files_are_what_the_tests_make() -> None:
    """Run `python scripts/generate.py conformance` and read the difference."""
    for name, made in files().items():
        assert list(rows(name)) == json.loads(json.dumps(made)), name
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < MAX_BYTES


@pytest.mark.parametrize("step", fast_first([11, 1], 1))
def test_each_program_gives_its_text_or_its_refusal(step: int) -> None:
    for row in list(rows("templates"))[::step]:
        others = row.get("templates", {})

        def load(_: str, name: str, others: Any = others) -> Text | None:
            return _without_text(name, *others[name]) if name in others else None

        found: dict[str, Any]
        run = Run(load)
        try:
            found = {"text": render_text(program_only("main", row["program"]), row["data"], run)}
        except TemplateFailure as error:
            found = {"error": "refused" if error.refused else "failed"}

        found["work"] = MAX_WORK - run.meter.left
        assert found == {key: row[key] for key in ("text", "error", "work") if key in row}, row


def _without_text(name: str, source: str, program: str | None) -> Text:
    """A text that only its program can render, if it has one."""
    return plain_text(name, source) if program is None else program_only(name, program)


@pytest.mark.parametrize("step", fast_first([9, 1], 1))
def test_each_request_has_its_digest_and_its_arguments(step: int) -> None:
    bundle: Bundle | None = None
    for number, row in enumerate(rows("requests")):
        if "bundle" in row:
            bundle = Bundle(read_bundle(row["bundle"].encode(), "vectors"), where="vectors")
        elif number % step == 0:
            assert bundle is not None
            if "error" in row:
                with pytest.raises(RenderError) as caught:
                    bundle[row["prompt"]].render_from(row["inputs"])
                assert [problem.pointer for problem in caught.value.inputs] == row["error"]
            else:
                request = bundle[row["prompt"]].render_from(row["inputs"])
                assert request.attributes(inputs=True) == row["attributes"]
                assert request.digest == row["digest"]


@pytest.mark.slow
def test_48_000_renders_of_many_threads_give_no_wrong_request() -> None:
    known: list[tuple[Bundle, dict[str, Any]]] = []
    for row in rows("requests"):
        if "bundle" in row:
            bundle = Bundle(read_bundle(row["bundle"].encode(), "vectors"), where="vectors")
        elif "digest" in row:
            known.append((bundle, row))

    def render(first: int) -> int:
        found = 0
        for count in range(6_000):
            of, row = known[(first * 31 + count) % len(known)]
            found += of[row["prompt"]].render_from(row["inputs"]).digest == row["digest"]
        return found

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(render, range(8))) == [6_000] * 8


def test_each_answer_has_its_value_or_its_error() -> None:
    for row in rows("answers"):
        found = {key: row[key] for key in ("value", "error", "text") if key in row}

        assert parsed(row["output"], row["answer"]) == found, row


def test_each_input_is_accepted_or_refused_at_its_pointers() -> None:
    for row in rows("inputs"):
        accepted, problems = Inputs(row["schema"]).accept(row["value"])
        pointers = sorted({problem.pointer for problem in problems})

        found = {"pointers": pointers} if pointers else {"accepted": accepted}
        assert found == {key: row[key] for key in found}


def test_each_ref_has_its_kind_and_each_range_its_highest_version() -> None:
    for row in rows("refs"):
        if "ref" in row:
            try:
                kind = type(parse_ref(row["ref"])).__name__
            except UsageError:
                kind = None
            assert kind == row["kind"]
        else:
            versions = [parse(each, prereleases=True) for each in row["versions"]]
            highest = parse_range(row["range"]).highest([v for v in versions if v is not None])
            assert (str(highest) if highest else None) == row["highest"]


def test_each_bundle_is_accepted_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real ssh-keygen, at the time of the row."""
    run = trusting._Keygen._run

    def at_its_time(self: trusting._Keygen, question: str, *arguments: str) -> Any:
        if question != "check-novalidate":
            arguments += (time.strftime("-Overify-time=%Y%m%d%H%M%SZ", time.gmtime(row["time"])),)
        return run(self, question, *arguments)

    monkeypatch.setattr(trusting._Keygen, "_run", at_its_time)
    for number, row in enumerate(rows("integrity")):
        file, signers = tmp_path / f"{number}.jsonl", None
        file.write_bytes(_bytes(row["data"]))
        if "signature" in row:
            Path(f"{file}.sig").write_bytes(_bytes(row["signature"]))
        if "signers" in row:
            signers = tmp_path / f"{number}.signers"
            signers.write_text(row["signers"], "utf-8", newline="")
        try:
            promptops.load(source=file, trust=signers)
            verdict = "accepted"
        except IntegrityError:
            verdict = "refused"

        assert verdict == row["verdict"], row["name"]


def _bytes(value: Any) -> bytes:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode()
