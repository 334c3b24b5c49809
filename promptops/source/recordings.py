"""Recordings: the answers of models, one JSON line for each answer.

Lines are sorted by the names of cases, so that a change of wording changes lines in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from promptops.model.answer import RECORDING_FORMAT, Answer, Recording, Usage
from promptops.model.finding import Problem, Related
from promptops.model.place import Place
from promptops.model.prompt import Locate
from promptops.records import record, replace
from promptops.runtime.request.canonical import canonical_json
from promptops.source.document import Document
from promptops.source.json_lines import read_value, scan
from promptops.source.lines import CONFLICT_CODE, CONFLICT_MESSAGE, Lines
from promptops.source.shape import check_value

SCHEMA = "recording.schema.json"

MAX_BYTES = 2 * 1024 * 1024
"""Size limit of one file, also when it is read from git."""

MAX_TOTAL_BYTES = 32 * 1024 * 1024
"""Size limit of all files of one prompt: some 40,000 answers of 500 characters."""

MAX_PROBLEMS = 100
"""Problems reported for one file; parsing ends after this many."""

MAX_EXPLAINED = 100_000
"""Longest line, in characters, in which a problem is reported at its column."""

MAX_CALLS = 1_000
"""Tool calls in one answer."""

Key = tuple[str, int, str]
"""Request, repeat and judge: the key of an answer."""


@record(frozen=True, slots=True, kw_only=True)
class ReadRecordings:
    """The recordings of a prompt, in the order of its files, and the problems of other lines.

    Attributes:
        places: The first character of the line of each recording.
    """

    recordings: tuple[Recording, ...] = ()
    places: tuple[Place, ...] = ()
    problems: tuple[Problem, ...] = ()


def key_of(recording: Recording) -> Key:
    """The key of a recording; no two recordings of one prompt have the same key."""
    return recording.request, recording.repeat, recording.judge


def read_recordings(path: str, data: bytes) -> ReadRecordings:
    """Parse one file of recordings; see `read_files`."""
    return read_files({path: data})


def read_files(files: Mapping[str, bytes]) -> ReadRecordings:
    """Parse all files of a prompt's recordings. Never raises; an invalid line hides no other line.

    Args:
        files: By path, in the order of their numbers.
    """
    first_places: dict[Key, Place] = {}
    readers = [_Reader(path, first_places) for path in files]
    room = MAX_TOTAL_BYTES
    for reader, data in zip(readers, files.values(), strict=True):
        reader.read(data, room)
        room -= len(data)
    return ReadRecordings(
        recordings=tuple(item for reader in readers for item in reader.recordings),
        places=tuple(item for reader in readers for item in reader.places),
        problems=tuple(item for reader in readers for item in reader.problems),
    )


def without_latency(recording: Recording) -> Recording:
    """A recording without the time it took, which differs each time: as it is next to a prompt."""
    if recording.answer.latency_s is None:
        return recording
    return replace(recording, answer=replace(recording.answer, latency_s=None))


def recordings_bytes(recordings: Iterable[Recording]) -> bytes:
    """The content of a file of recordings, independent of the order of `recordings`.

    Raises ValueError for values that JSON does not allow, RecursionError for endless nesting.
    """
    return b"".join(_line(recording) for recording in sorted(recordings, key=order_of))


def _line(recording: Recording) -> bytes:
    answer = recording.answer
    usage = answer.usage
    value: dict[str, Any] = {
        "format": RECORDING_FORMAT,
        "request": recording.request,
        "repeat": recording.repeat,
        "case": recording.case,
        "model": answer.model,
        "fingerprint": answer.fingerprint,
        "finish_reason": answer.finish_reason,
        "output": answer.text,
        "usage": {"input": usage.input, "output": usage.output, "cached": usage.cached},
    }
    if recording.judge:
        value["judge"] = recording.judge
    if answer.latency_s is not None:
        value["latency_s"] = float(f"{answer.latency_s:.3g}")
    if answer.tool_calls:
        value["tool_calls"] = [dict(call) for call in answer.tool_calls]
    return f"{canonical_json(value)}\n".encode()


def order_of(recording: Recording) -> tuple[str, str, int, str]:
    """The sort key of the lines of a file."""
    return recording.case, recording.judge, recording.repeat, recording.request


class _Reader:
    """Parses one file line by line; knows the recordings of the files before it."""

    def __init__(self, path: str, first_places: dict[Key, Place]) -> None:
        self._path = path
        self._first_places = first_places
        self._in_conflict = False
        self.recordings: list[Recording] = []
        self.places: list[Place] = []
        self.problems: list[Problem] = []

    def read(self, data: bytes, room: int) -> None:
        """Parse the whole file, unless it is larger than a file may be, or than `room` in bytes."""
        message = _too_large(data, room)
        if message:
            self.problems.append(_problem(Place(self._path), message, FEWER))
            return
        for number, row in enumerate(self._without_mark(data).split(b"\n"), 1):
            if len(self.problems) >= MAX_PROBLEMS:
                place = Place(self._path, number, 1, number, 1)
                message = f"over {MAX_PROBLEMS} mistakes: the rest of the file is not read"
                self.problems.append(_problem(place, message))
                return
            self.read_line(number, row.removesuffix(b"\r"))

    def _without_mark(self, data: bytes) -> bytes:
        """The file without a byte order mark, which is reported."""
        if data.startswith(b"\xef\xbb\xbf"):
            hint = "save it as UTF-8 without a byte order mark"
            message = "the file begins with a byte order mark"
            self.problems.append(_problem(Place(self._path), message, hint))
        return data.removeprefix(b"\xef\xbb\xbf")

    def read_line(self, number: int, row: bytes) -> None:
        if row[:7] in _CONFLICT_MARKERS:
            self._mark(number, row)
        elif row.strip():
            self._read(number, row)

    def _mark(self, number: int, row: bytes) -> None:
        """One problem for each conflict; the lines of both sides are parsed anyway."""
        if row.startswith(b"<") or not self._in_conflict:
            place = Place(self._path, number, 1, number, len(row) + 1)
            hint = "keep the lines of one side, then record the missing answers"
            self.problems.append(_problem(place, CONFLICT_MESSAGE, hint, CONFLICT_CODE))
        self._in_conflict = not row.startswith(b">")

    def _read(self, number: int, row: bytes) -> None:
        try:
            lines = Lines(self._path, row.decode())
        except UnicodeDecodeError as error:
            column = len(row[: error.start].decode()) + 1
            place = Place(self._path, number, column, number, column + 1)
            self.problems.append(_problem(place, "the line is not UTF-8", "save it as UTF-8"))
            return
        value, unreadable = read_value(lines, 0, len(lines.text))
        # Hints about JSON written by hand do not apply: promptops wrote the line.
        found = [replace(each, hint=None) for each in unreadable] or _wrong(value, lines)
        if found:
            self.problems += (_moved(problem, number) for problem in found[:MAX_PROBLEMS])
        else:
            self._add(_recording(value), Place(self._path, number, 1, number, len(lines.text) + 1))

    def _add(self, recording: Recording, place: Place) -> None:
        first = self._first_places.setdefault(key_of(recording), place)
        if first is place:
            self.recordings.append(recording)
            self.places.append(replace(place, end_column=2))
        elif not self._in_conflict:
            self.problems.append(
                Problem(
                    "the answer to this request and repeat is recorded twice; the first one counts",
                    at=place,
                    hint="remove one",
                    related=(Related(first, "the first one"),),
                    code="SCH003",
                )
            )


def _too_large(data: bytes, room: int) -> str:
    """Why a file is not parsed; "" for a file that is."""
    if len(data) > MAX_BYTES:
        return f"the file is larger than {MAX_BYTES >> 20} MB"
    if len(data) > room:
        total = f"{MAX_TOTAL_BYTES >> 20} MB"
        return f"this file was not read: with it, the recordings of the prompt exceed {total}"
    return ""


FEWER = "split the cases into several prompts, or record fewer repeats"
"""The hint if the recordings of a prompt are too large."""

_CONFLICT_MARKERS = (b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>")


def _wrong(value: Any, lines: Lines) -> Sequence[Problem]:
    """The schema problems of a line; for a newer format only that it is newer."""
    written = value.get("format") if isinstance(value, dict) else None
    if type(written) is int and written > RECORDING_FORMAT:
        message = f"format {written} is newer than this promptops, which reads {RECORDING_FORMAT}"
        place = _places(value, lines)("/format", False)
        return [_problem(place, message, "update promptops", "SCH002")]
    calls = value.get("tool_calls") if isinstance(value, dict) else None
    if isinstance(calls, list) and len(calls) > MAX_CALLS:
        # Validating so many would take seconds.
        place = lines.place(0, len(lines.text))
        return [_problem(place, f"over {MAX_CALLS:,} tool calls", code="SCH002")]
    return check_value(SCHEMA, value, _places(value, lines))


def _places(value: Any, lines: Lines) -> Locate:
    """The places of a line's values, computed on first use."""
    end = len(lines.text)

    @cache
    def document() -> Document:
        # The column in a very long line is of no use and costly to find.
        root = scan(lines.text, 0) if end <= MAX_EXPLAINED else None
        return Document(lines, root, value, [])

    return lambda pointer, key: document().place(pointer, key)


def _recording(value: dict[str, Any]) -> Recording:
    usage = {name: int(count) for name, count in value["usage"].items()}
    answer = Answer(
        text=value["output"],
        tool_calls=tuple(value.get("tool_calls", ())),
        finish_reason=value["finish_reason"],
        model=value["model"],
        fingerprint=value["fingerprint"],
        usage=Usage(**usage),
        latency_s=value.get("latency_s"),
    )
    return Recording(
        request=value["request"],
        repeat=int(value["repeat"]),
        case=value["case"],
        judge=value.get("judge", ""),
        answer=answer,
    )


def _moved(problem: Problem, number: int) -> Problem:
    """A problem of a single line, moved to its place in the file, with a hint."""
    assert isinstance(problem.at, Place)
    related = tuple(replace(place, place=_on(place.place, number)) for place in problem.related)
    at, hint = _on(problem.at, number), problem.hint or RECORD_AGAIN
    return replace(problem, at=at, hint=hint, related=related)


RECORD_AGAIN = "remove the line, then run `promptops test --record`"
"""The hint about a line of the recordings next to a prompt."""


def _on(place: Place, number: int) -> Place:
    return replace(place, line=number, end_line=number)


def _problem(place: Place, message: str, hint: str | None = None, code: str = "SCH001") -> Problem:
    return Problem(message, at=place, hint=hint, code=code)
