"""The file with an application's own recordings, one JSON line for each request.

A line has the request in its canonical form, the response as the provider sent it, the model that
answered, the tests that sent the request and, if the request comes from a prompt of the catalog,
the prompt's id and the digest of its content at that time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from promptops.errors import InputError, os_reason
from promptops.model.place import Place
from promptops.records import record, replace
from promptops.replay.requests import ApiRequest
from promptops.runtime.request.canonical import canonical_json
from promptops.source.lines import CONFLICT_HINT, CONFLICT_MESSAGE
from promptops.source.recording_files import APPLICATION_ENDING
from promptops.source.shape import check_value

DEFAULT = f"tests/{APPLICATION_ENDING}"
SCHEMA = "application-recording.schema.json"
FORMAT = 1
MAX_BYTES = 32 * 1024 * 1024
_AGAIN = "remove the line, then run `pytest --promptops-record`"
_CONFLICT = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")


@record(frozen=True, slots=True, kw_only=True)
class AppRecording:
    """A request of the application with its response.

    Attributes:
        response: The body that the provider sent.
        model: The model that answered.
        tests: The node ids of the tests that sent the request, sorted; empty without pytest.
        prompt: The id of the prompt that it was rendered from, or "".
        prompt_digest: Of the content of the prompt when it was recorded, or "".
    """

    request: ApiRequest
    response: Mapping[str, Any]
    model: str
    tests: tuple[str, ...] = ()
    prompt: str = ""
    prompt_digest: str = ""

    @property
    def by(self) -> str:
        """Who recorded it."""
        return f"`{self.tests[0]}`" if self.tests else "`promptops replay`"


@record(frozen=True, slots=True)
class ReadFile:
    """The content of a file.

    Attributes:
        recordings: By the digest of the request.
        lines: From the digest to the number of the line, 1-based.
        errors: What prevents reading a line.
    """

    recordings: Mapping[str, AppRecording]
    lines: Mapping[str, int]
    errors: tuple[InputError, ...] = ()


def read(path: str, data: bytes) -> ReadFile:
    """Read a file; a line that can't be read hides no other line."""
    recordings: dict[str, AppRecording] = {}
    lines: dict[str, int] = {}
    errors: list[InputError] = []
    if len(data) > MAX_BYTES:
        hint = "use several files, each named by the marker `promptops_replay(recordings=…)`"
        return ReadFile({}, {}, (_error(path, 1, f"over {MAX_BYTES >> 20} MB", hint),))
    for number, row in enumerate(data.split(b"\n"), 1):
        if not row.strip():
            continue
        try:
            found = _recording(row)
            digest = found.request.digest
        except _Unreadable as error:
            errors.append(_error(path, number, *error.args))
            continue
        except (ValueError, RecursionError):
            errors.append(_error(path, number, "this is not a line of JSON", _AGAIN))
            continue
        other = recordings.get(digest)
        if other is not None and other.response != found.response:
            errors.append(_error(path, number, *_two_answers(found, other, lines[digest])))
            continue
        recordings[digest] = found if other is None else of_both(other, found.tests)
        lines.setdefault(digest, number)
    return ReadFile(recordings, lines, tuple(errors))


class _Unreadable(Exception):
    """The message, and the hint."""


def _error(path: str, number: int, message: str, hint: str) -> InputError:
    return InputError(message, where=f"{path}:{number}", hint=hint)


def _two_answers(found: AppRecording, other: AppRecording, line: int) -> tuple[str, str]:
    return (
        f"{found.by} has another answer to the same request than {other.by} in line {line}",
        "remove one of the two lines",
    )


def _recording(row: bytes) -> AppRecording:
    text = row.decode()
    if text.startswith(_CONFLICT):
        raise _Unreadable(CONFLICT_MESSAGE, CONFLICT_HINT)
    value = json.loads(text)
    written = value.get("format") if isinstance(value, dict) else None
    if type(written) is int and written > FORMAT:
        message = f"format {written} is newer than this promptops, which reads {FORMAT}"
        raise _Unreadable(message, "update promptops")
    for problem in check_value(SCHEMA, value, lambda _pointer, _key: Place("")):
        raise _Unreadable(problem.message, problem.hint or _AGAIN)
    return AppRecording(
        request=ApiRequest(api=value["api"], body=value["request"]),
        response=value["response"],
        model=value["model"],
        tests=tuple(value["tests"]),
        prompt=value.get("prompt", ""),
        prompt_digest=value.get("prompt_digest", ""),
    )


def of_both(one: AppRecording, tests: tuple[str, ...]) -> AppRecording:
    """A recording that more tests use."""
    return replace(one, tests=tuple(sorted({*one.tests, *tests})))


def _written(recordings: Mapping[str, AppRecording]) -> bytes:
    """The content of a file, in an order in which a new recording moves no other line."""
    ordered = sorted(recordings.items(), key=lambda item: (item[1].tests, item[0]))
    return b"".join(f"{canonical_json(_value(each))}\n".encode() for _, each in ordered)


def _value(each: AppRecording) -> dict[str, Any]:
    value: dict[str, Any] = {
        "format": FORMAT,
        "api": each.request.api,
        "request": each.request.body,
        "response": each.response,
        "model": each.model,
        "tests": list(each.tests),
    }
    if each.prompt:
        value |= {"prompt": each.prompt, "prompt_digest": each.prompt_digest}
    return value


class RecordingFile:
    """One file on disk; other processes may write to it at the same time.

    Attributes:
        path: Of the file.
        name: As errors show it.
    """

    def __init__(self, path: Path, name: str, lock: Path) -> None:
        """`lock` is a file outside of the work tree, which processes lock while they write."""
        self.path, self.name, self._lock = path, name, lock
        self._state: tuple[int, int] | None = None
        self._found = ReadFile({}, {})

    def read(self) -> ReadFile:
        """The current content; raises InputError for a file that can't be read, or a line of it."""
        try:
            status = self.path.stat()
            state = (status.st_mtime_ns, status.st_size)
            if state != self._state:
                self._found, self._state = read(self.name, self.path.read_bytes()), state
        except FileNotFoundError:
            self._found, self._state = ReadFile({}, {}), None
        except OSError as error:
            raise InputError(f"can't be read: {os_reason(error)}", where=self.name) from None
        if self._found.errors:
            raise self._found.errors[0]
        return self._found

    def change(self, edit: Callable[[dict[str, AppRecording]], None]) -> None:
        """Edit the recordings of the file as a whole; raises InputError, also that of `edit`."""
        from promptops.storage.atomic import replace_whole
        from promptops.storage.lock import locked

        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            with locked(self._lock):
                old = self.read().recordings
                new = dict(old)
                edit(new)
                if new != old:
                    data = _written(new)
                    if len(data) > MAX_BYTES:
                        hint = "name another file for some tests: @pytest.mark.promptops_replay"
                        message = f"not recorded: the file would be over {MAX_BYTES >> 20} MB"
                        raise InputError(message, where=self.name, hint=hint)
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                    temporary = self.path.with_name(f".{self.path.name}.new")
                    replace_whole(self.path, data, temporary)
        except OSError as error:
            hint = "check the permissions and the free disk space"
            message = f"can't be written: {os_reason(error)}"
            raise InputError(message, where=self.name, hint=hint) from None
