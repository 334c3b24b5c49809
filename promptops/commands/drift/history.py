"""The nights of a release: kept in git notes or in a file, each as one JSON line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, get_args

from promptops.errors import InputError, os_reason
from promptops.model.night import (
    NIGHT_FORMAT,
    NOTES_REF,
    Confirmed,
    HistoryProblem,
    Night,
    NightJudge,
    NightVerdict,
)
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.repo.notes import Notes
from promptops.repo.repository import Repository
from promptops.source.json_lines import STRICT, mistake_in, refusal
from promptops.storage.atomic import check_replaceable, part_of, replace_whole
from promptops.storage.lock import locked


class History(Protocol):
    """The nights of all releases. Lines that can't be read are reported, and stay as they are."""

    @property
    def name(self) -> str:
        """The name of the place, for reports."""

    def read(self) -> ReadNights:
        """All nights, before any request is sent.

        Raises GitError or InputError if the history can't be opened, or could not be written.
        """

    def add(self, nights: Sequence[Night], tag: str) -> None:
        """Add the nights of one run; `tag` is the id of the release's tag object."""


@record(frozen=True, slots=True)
class NotesHistory:
    """Notes on the tag objects of releases; they need no branch and no commit."""

    repository: Repository

    @property
    def name(self) -> str:
        return NOTES_REF

    @property
    def notes(self) -> Notes:
        return Notes(self.repository, NOTES_REF)

    def read(self) -> ReadNights:
        return _nights_in(self.notes.read())

    def add(self, nights: Sequence[Night], tag: str) -> None:
        with _lock(self.repository):
            self.notes.write({tag: with_nights(self.notes.find(tag), nights)})


@record(frozen=True, slots=True)
class FileHistory:
    """A file of nights; it is replaced as a whole."""

    repository: Repository
    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self) -> ReadNights:
        found = _nights_in({self.name: self._data()})
        if found.problems and not (found.nights or found.outdated):
            first = found.problems[0]
            message = f"it is not a history of nights: {first.message}"
            hint = "name a file that `promptops drift` wrote, or a new one"
            raise InputError(message, where=str(first.place), hint=hint)
        try:
            check_replaceable(self.path)
        except OSError as error:
            raise _unwritable(self.path, error) from None
        return found

    def add(self, nights: Sequence[Night], tag: str) -> None:
        with _lock(self.repository):
            data = with_nights(self._data(), nights)
            try:
                replace_whole(self.path, data, part_of(self.path))
            except OSError as error:
                raise _unwritable(self.path, error) from None

    def _data(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""  # the first night creates it
        except OSError as error:
            message = f"the history can't be read: {os_reason(error)}"
            raise InputError(message, where=self.name, hint="name another file") from None


def _nights_in(files: Mapping[str, bytes]) -> ReadNights:
    """The nights of several files, oldest first; equal ones once."""
    found = [read_nights(path, data) for path, data in files.items()]
    nights = dict.fromkeys(night for each in found for night in each.nights)
    ordered = sorted(nights, key=lambda night: (night.at, night.prompt))
    return ReadNights(
        nights=tuple(ordered),
        problems=tuple(p for each in found for p in each.problems),
        outdated=sum(each.outdated for each in found),
    )


@contextmanager
def _lock(repository: Repository) -> Iterator[None]:
    """Runs on one machine write one after the other."""
    folder = repository.common_dir / "promptops"
    try:
        os.makedirs(folder, exist_ok=True)
        with locked(folder / "drift.lock", work="writing nights"):
            yield
    except OSError as error:
        raise _unwritable(folder, error) from None


def _unwritable(path: Path, error: OSError) -> InputError:
    message = f"the history can't be written: {os_reason(error)}"
    hint = "check the permissions and the free disk space, or name another file with --history"
    return InputError(message, where=str(path), hint=hint)


# Lines: written in one way, and read with the places of problems.

_UTC_TIME = lazy_pattern(r"2\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_VERDICTS = get_args(NightVerdict)
_MAX_COUNT = 1_000_000_000


@record(frozen=True, slots=True)
class ReadNights:
    """The nights of a file in the order of its lines, and the problems of other lines.

    Attributes:
        outdated: The number of lines of an earlier format, which are not used.
    """

    nights: tuple[Night, ...] = ()
    problems: tuple[HistoryProblem, ...] = ()
    outdated: int = 0


def night_line(night: Night) -> bytes:
    """The line of a night, with its newline; UTF-8, with `?` for what is not a character."""
    text = json.dumps(night_value(night), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def night_value(night: Night) -> dict[str, Any]:
    """A night as JSON data, its keys in the order of the format."""
    value: dict[str, Any] = {
        "at": night.at,
        "release": night.release,
        "prompt": night.prompt,
        "digest": night.digest,
        "score": night.score,
        "format": night.format,
        "n": night.n,
        "k": night.k,
        "mean": night.mean,
        "within": night.within,
        "kept": night.kept,
        "of": night.of,
        "same": night.same,
        "models": list(night.models),
        "fingerprints": list(night.fingerprints),
        "profile": night.profile,
        "tokens": list(night.tokens),
        "latency_s": list(night.latency_s) if night.latency_s is not None else None,
        "cost_usd": night.cost_usd,
        "judge": _judge_value(night.judge),
        "confirmed": _confirmed_value(night.confirmed),
        "verdict": night.verdict,
    }
    return {**value, "reason": night.reason} if night.reason else value


def read_nights(path: str, data: bytes) -> ReadNights:
    """The nights in a file or a note; `path` is for the places of problems. Never raises."""
    nights: list[Night] = []
    problems: list[HistoryProblem] = []
    outdated = 0
    for number, row in enumerate(data.split(b"\n"), 1):
        if row.strip():
            try:
                nights.append(parse_night(row.decode()))
            except _OutdatedError:
                outdated += 1
            except _NotANightError as error:
                place = Place(path, number, error.column, number, error.column)
                problems.append(HistoryProblem(place=place, message=error.message))
            except UnicodeDecodeError as error:
                column = len(row[: error.start].decode("utf-8", "replace")) + 1
                place = Place(path, number, column, number, column)
                problems.append(HistoryProblem(place=place, message="not UTF-8"))
    return ReadNights(tuple(nights), tuple(problems), outdated)


class _NotANightError(ValueError):
    """A line that is not a night; `column` is 1-based."""

    def __init__(self, message: str, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


class _OutdatedError(ValueError):
    """A line of an earlier format."""


def parse_night(line: str) -> Night:
    """The night of a line; raises ValueError."""
    try:
        value = json.loads(line, **STRICT)
    except json.JSONDecodeError as error:
        message, offset = mistake_in(line, error)
        raise _NotANightError(message, offset + 1) from None
    except (ValueError, RecursionError) as error:
        raise _NotANightError(refusal(error)) from None
    if not isinstance(value, dict):
        raise _NotANightError("not a JSON object")
    return _NightReader(line, value).night()


class _NightReader:
    """Reads the keys of one line; a wrong value is an error at its key."""

    def __init__(self, line: str, value: Mapping[str, Any]) -> None:
        self._line = line
        self._value = value

    def night(self) -> Night:
        self._check_format()
        return Night(
            at=self._at(),
            release=self._text("release"),
            prompt=self._text("prompt"),
            digest=self._text("digest"),
            score=self._optional_text("score"),
            n=self._count("n"),
            k=self._count("k", least=1),
            mean=self._optional_share("mean"),
            within=self._optional_share("within"),
            kept=self._count("kept", most=self._count("of")),
            of=self._count("of"),
            same=self._optional_share("same"),
            models=self._texts("models"),
            fingerprints=self._texts("fingerprints"),
            profile=self._text("profile"),
            tokens=self._pair("tokens") or (0.0, 0.0),
            latency_s=self._pair("latency_s"),
            cost_usd=self._optional_number("cost_usd"),
            judge=self._judge(),
            confirmed=self._confirmed(),
            verdict=self._verdict(),
            reason=self._optional_text("reason") or "",
        )

    def _check_format(self) -> None:
        number = self._count("format")
        if number == 1:
            raise _OutdatedError
        if number != NIGHT_FORMAT:
            raise self._refused("format", f"format {number} is unknown: update promptops")

    def _at(self) -> str:
        text = self._text("at")
        try:
            if _UTC_TIME.fullmatch(text):
                datetime.fromisoformat(text)
                return text
        except ValueError:  # such as February 30
            pass
        raise self._refused("at", "it must be a time like 2026-11-27T02:10:03Z")

    def _verdict(self) -> NightVerdict:
        text: Any = self._text("verdict")
        if text not in _VERDICTS:
            raise self._refused("verdict", f"it must be one of {', '.join(_VERDICTS)}")
        verdict: NightVerdict = text
        return verdict

    def _judge(self) -> NightJudge | None:
        own = self._value.get("judge")
        if own is None:
            return None
        if not isinstance(own, dict):
            raise self._refused("judge", "it must be an object or null")
        reader = _NightReader(self._line, own)
        return NightJudge(id=reader._text("id"), kappa=reader._optional_number("kappa"))

    def _confirmed(self) -> Confirmed | None:
        own = self._value.get("confirmed")
        if own is None:
            return None
        if not isinstance(own, dict):
            raise self._refused("confirmed", "it must be an object or null")
        reader = _NightReader(self._line, own)
        score, contracts = reader._optional_number("z"), reader._optional_number("contracts")
        return Confirmed(score=score, contracts=contracts)

    def _text(self, key: str) -> str:
        value = self._value.get(key)
        if isinstance(value, str):
            return value
        raise self._refused(key, "it must be a string")

    def _optional_text(self, key: str) -> str | None:
        return None if self._value.get(key) is None else self._text(key)

    def _count(self, key: str, least: int = 0, most: int = _MAX_COUNT) -> int:
        value = self._value.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._refused(key, "it must be a whole number")
        if not least <= value <= most:
            raise self._refused(key, f"it must be a whole number from {least} to {most:,}")
        return value

    def _optional_share(self, key: str) -> float | None:
        value = self._optional_number(key)
        if value is not None and not 0 <= value <= 1:
            raise self._refused(key, "it must be a number from 0 to 1")
        return value

    def _optional_number(self, key: str) -> float | None:
        value = self._value.get(key)
        if value is None:
            return None
        if _is_number(value):
            return float(value)
        raise self._refused(key, "it must be a number")

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._value.get(key)
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        raise self._refused(key, "it must be a list of strings")

    def _pair(self, key: str) -> tuple[float, float] | None:
        value = self._value.get(key)
        if value is None:
            return None
        if isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)):
            return float(value[0]), float(value[1])
        raise self._refused(key, "it must be a list of two numbers")

    def _refused(self, key: str, why: str) -> _NotANightError:
        at = self._line.find(f'"{key}"')
        if at < 0:
            return _NotANightError(f"it has no `{key}`")
        return _NotANightError(f"`{key}`: {why}", at + 1)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _judge_value(judge: NightJudge | None) -> dict[str, Any] | None:
    return {"id": judge.id, "kappa": judge.kappa} if judge is not None else None


def _confirmed_value(confirmed: Confirmed | None) -> dict[str, float] | None:
    if confirmed is None:
        return None
    found = {"z": confirmed.score, "contracts": confirmed.contracts}
    return {key: value for key, value in found.items() if value is not None}


def with_nights(data: bytes, nights: Iterable[Night]) -> bytes:
    """The data with the lines of further nights at its end; the other bytes do not change."""
    torn = b"" if not data or data.endswith(b"\n") else b"\n"
    known = set(data.split(b"\n"))
    new = [line for night in nights if (line := night_line(night))[:-1] not in known]
    return data + torn + b"".join(new) if new else data
