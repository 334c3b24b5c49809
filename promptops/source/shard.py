"""The results of a run of one shard, as a file: a header line, then its answers.

The writer and the parser, each the inverse of the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from promptops.errors import InputError
from promptops.model.answer import Answer, Usage
from promptops.model.place import Place
from promptops.model.prompt import Locate
from promptops.model.test_run import SHARD_FORMAT, Shard, ShardAnswer, ShardRun
from promptops.source.document import Document
from promptops.source.json_lines import read_value, scan
from promptops.source.lines import Lines
from promptops.source.shape import check_value

MAX_BYTES = 256 * 1024 * 1024
_MAX_EXPLAINED = 100_000
"""Longest line, in characters, in which a problem is reported at its column."""
_AGAIN = "run the shard again"


def shard_text(run: ShardRun) -> str:
    """The content of the file, in ASCII.

    Parsing returns the same values, except that halves of surrogate pairs become U+FFFD. Raises
    ValueError for values that JSON does not allow, RecursionError for endless nesting.
    """
    return "".join(_line(value) for value in (_head(run), *map(_answer, run.answers)))


def read_shard(path: str, data: bytes) -> ShardRun:
    """Parse it again; raises InputError with the place of the mistake."""
    if len(data) > MAX_BYTES:
        raise InputError(f"the file is larger than {MAX_BYTES >> 20} MB", where=path)
    rows = data.removesuffix(b"\n").split(b"\n")
    head = _value(path, 1, rows[0], "head")
    if head["answers"] != len(rows) - 1:
        message = f"expected {head['answers']:,} answers, got {len(rows) - 1:,} lines"
        raise InputError(message, where=f"{path}:1:1", hint=_AGAIN)
    if head["shard"] > head["shards"]:
        message = f"there is no shard {head['shard']} of {head['shards']}"
        raise InputError(message, where=f"{path}:1:1", hint=_AGAIN)
    return _run(head, tuple(_answers(path, rows[1:])))


def _line(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = json.dumps(json.loads(text)).replace("\x7f", "\\u007f")
    # A CI log may interpret `##` as a command; JSON contains it only in strings.
    return text.replace("##", "#\\u0023") + "\n"


def _head(run: ShardRun) -> dict[str, Any]:
    return {
        "format": SHARD_FORMAT,
        "shard": run.shard.index,
        "shards": run.shard.count,
        "mode": run.mode,
        "revision": run.revision,
        "plan": run.plan,
        "patterns": run.patterns,
        "since": run.since,
        "select": run.selectors,
        "repeats": run.repeats,
        "baseline": run.baseline,
        "cost_usd": run.cost_usd,
        "problems": [{"message": text, "place": place.as_json()} for text, place in run.problems],
        "answers": len(run.answers),
    }


def _answer(answer: ShardAnswer) -> dict[str, Any]:
    return {
        "prompt": answer.path,
        "request": answer.request,
        "repeat": answer.repeat,
        "judge": answer.judge,
        "source": answer.source,
        "reason": answer.reason,
        "infrastructure": answer.infrastructure,
        "answer": _answer_data(answer.answer) if answer.answer is not None else None,
    }


def _answer_data(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    return {
        "output": answer.text,
        "tool_calls": [dict(call) for call in answer.tool_calls],
        "finish_reason": answer.finish_reason,
        "model": answer.model,
        "fingerprint": answer.fingerprint,
        "usage": {"input": usage.input, "output": usage.output, "cached": usage.cached},
        "latency_s": answer.latency_s,
    }


def _value(path: str, number: int, row: bytes, part: str) -> dict[str, Any]:
    """A line that is valid for its part of the schema."""
    where = f"{path}:{number}"
    try:
        lines = Lines(path, row.decode())
    except UnicodeDecodeError as error:
        raise InputError("the line is not UTF-8", where=f"{where}:{error.start + 1}") from None
    value, problems = read_value(lines, 0, len(lines.text))
    found = problems or check_value("shard.schema.json", value, _places(value, lines), part=part)
    for problem in found:
        column = problem.at.column if isinstance(problem.at, Place) else 1
        raise InputError(problem.message, where=f"{where}:{column}", hint=problem.hint or _AGAIN)
    known: dict[str, Any] = value
    return known


def _places(value: Any, lines: Lines) -> Locate:
    """The places of a line's values, computed on first use."""

    def locate(pointer: str, key: bool) -> Place:
        end = len(lines.text)
        root = scan(lines.text, 0) if end <= _MAX_EXPLAINED else None
        return Document(lines, root, value, []).place(pointer, key)

    return locate


def _answers(path: str, rows: list[bytes]) -> Iterator[ShardAnswer]:
    first: dict[tuple[object, ...], int] = {}
    for number, row in enumerate(rows, 2):
        value = _value(path, number, row, "answer")
        key = value["prompt"], value["request"], value["repeat"], value["judge"]
        if first.setdefault(key, number) != number:
            message = f"duplicate of the answer in line {first[key]}"
            raise InputError(message, where=f"{path}:{number}:1", hint=_AGAIN)
        yield _read_answer(value)


def _read_answer(value: Mapping[str, Any]) -> ShardAnswer:
    return ShardAnswer(
        path=value["prompt"],
        request=value["request"],
        repeat=int(value["repeat"]),
        judge=value["judge"],
        answer=_parsed_answer(value["answer"]) if value["answer"] is not None else None,
        source=value["source"],
        reason=value["reason"],
        infrastructure=value["infrastructure"],
    )


def _parsed_answer(value: Mapping[str, Any]) -> Answer:
    return Answer(
        text=value["output"],
        tool_calls=tuple(value["tool_calls"]),
        finish_reason=value["finish_reason"],
        model=value["model"],
        fingerprint=value["fingerprint"],
        usage=Usage(**{name: int(count) for name, count in value["usage"].items()}),
        latency_s=value["latency_s"],
    )


def _run(head: Mapping[str, Any], answers: tuple[ShardAnswer, ...]) -> ShardRun:
    return ShardRun(
        shard=Shard(index=int(head["shard"]), count=int(head["shards"])),
        mode=head["mode"],
        revision=head["revision"],
        plan=head["plan"],
        patterns=tuple(head["patterns"]),
        since=head["since"],
        selectors=tuple(head["select"]),
        repeats=None if head["repeats"] is None else int(head["repeats"]),
        baseline=head["baseline"],
        cost_usd=head["cost_usd"],
        problems=tuple(
            (problem["message"], Place(**{key: _count(v) for key, v in problem["place"].items()}))
            for problem in head["problems"]
        ),
        answers=answers,
    )


def _count(value: Any) -> Any:
    """An integer of a place: JSON may write 3 as 3.0."""
    return int(value) if isinstance(value, float) else value
