"""OpenAI's Batch API and Anthropic's Message Batches, as plans of the fault server.

Each request is checked as the real APIs check it: unknown fields, a wrong type and a wrong method
are errors. A batch stays in progress until the test lets it go on with `finish`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.answers import OK, Answer, body_of
from tests.servers.checks import OBJECT, STRING, expect, fields_of, list_of, one_of
from tests.servers.plans import Received

CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")

Result = dict[str, Any]
Edit = Callable[[list[Result]], Iterable[Result]]
"""From the results of a batch, in the order of its requests, to those that the server returns."""


class Refused(Exception):
    """An error response."""

    def __init__(self, status: int, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param


@dataclass(slots=True, kw_only=True)
class ServedBatch:
    """A batch on the server; `lines` are its requests, `results` what it returns."""

    id: str
    fields: dict[str, Any]
    lines: list[dict[str, Any]]
    status: str
    counts: dict[str, int]
    created_s: int
    results: bytes = b""
    files: dict[str, str] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    expired: bool = False


class BatchServer:
    """What both APIs share; a plan for the fault server.

    Attributes:
        key: The API key that each request must have; "" for none.
        answer: What the models answer to one request of a batch.
        faults: From "METHOD path" to answers that are sent first, one for each request, which is
            not handled then.
        lost: The same for requests that are handled: only the response is replaced.
        batches: By id, oldest first.
        seen: "METHOD path" of each request, in order.
        elsewhere: An address that is not the server's, for links to results.
    """

    def __init__(self, key: str = "") -> None:
        self.key = key
        self.answer: Callable[[Received], Answer] = lambda _received: OK
        self.faults: dict[str, list[Answer]] = {}
        self.lost: dict[str, list[Answer]] = {}
        self.batches: dict[str, ServedBatch] = {}
        self.seen: list[str] = []
        self.clock: Callable[[], float] = time.time
        self.elsewhere = "http://127.0.0.1:1"

    def __call__(self, received: Received) -> Answer:
        parts = urlsplit(received.path)
        line = f"{received.method} {parts.path}"
        self.seen.append(line)
        if self.faults.get(line):
            return self.faults[line].pop(0)
        try:
            self._check_key(received)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            found = self.handle(received, parts.path, query)
        except Refused as refused:
            return self.refusal(refused)
        if self.lost.get(line):
            return self.lost[line].pop(0)
        if found is None:
            return self.answer(received)
        if isinstance(found, bytes):
            return Answer(body=found, headers={"content-type": "application/x-jsonlines"})
        return Answer(body=json.dumps(found).encode())

    def handle(
        self, received: Received, path: str, query: Mapping[str, str]
    ) -> dict[str, Any] | bytes | None:
        """What is answered; None for a path that is not of the batch API."""
        raise NotImplementedError

    def refusal(self, refused: Refused) -> Answer:
        raise NotImplementedError

    def _check_key(self, received: Received) -> None:
        sent = received.headers.get("authorization", "").removeprefix("Bearer ")
        sent = received.headers.get("x-api-key", sent)
        if self.key and sent != self.key:
            raise Refused(401, f"Incorrect API key provided: {sent}")

    def model_answer(self, line: Mapping[str, Any], url: str, body: Any, number: int) -> Any:
        """Status and body of what a model answers to a request of a batch."""
        data = json.dumps(body).encode()
        received = Received(method="POST", path=url, headers={}, body=data, at_s=0.0)
        status, content = body_of(self.answer(received), url, data, number)
        return status, json.loads(content)

    def found(self, identity: str) -> ServedBatch:
        if identity not in self.batches:
            raise Refused(404, f"No batch found with id '{identity}'.")
        return self.batches[identity]

    def page(self, query: Mapping[str, str], after: str) -> tuple[list[ServedBatch], bool]:
        """The newest batches after an id, and whether there are more."""
        newest = list(reversed(self.batches.values()))
        if after in query:
            ids = [batch.id for batch in newest]
            newest = newest[ids.index(query[after]) + 1 :]
        limit = int(query.get("limit", "20"))
        return newest[:limit], len(newest) > limit

    @property
    def unfinished(self) -> list[ServedBatch]:
        raise NotImplementedError


class OpenAIBatchServer(BatchServer):
    """Files and batches of OpenAI.

    Attributes:
        files: The content of uploaded files, and of results, by id.
    """

    def __init__(self, key: str = "") -> None:
        super().__init__(key)
        self.files: dict[str, bytes] = {}

    def handle(  # noqa: PLR0911  # a row for each endpoint
        self, received: Received, path: str, query: Mapping[str, str]
    ) -> dict[str, Any] | bytes | None:
        match (received.method, *path.removeprefix("/v1").strip("/").split("/")):
            case "POST", "files":
                return self._upload(received)
            case "GET", "files", name, "content":
                if name not in self.files:
                    raise Refused(404, f"No such File object: {name}")
                return self.files[name]
            case "POST", "batches":
                return self._create(received.json)
            case "GET", "batches":
                found, more = self.page(query, "after")
                data = [self._shown(batch) for batch in found]
                return {"object": "list", "data": data, "has_more": more}
            case "GET", "batches", identity:
                return self._shown(self.found(identity))
            case "POST", "batches", identity, "cancel":
                return self._cancel(self.found(identity))
            case _, ("files" | "batches"), *_:
                raise Refused(405, "Invalid method")
        return None

    def refusal(self, refused: Refused) -> Answer:
        error = {
            "message": refused.message,
            "type": "invalid_request_error",
            "param": refused.param,
            "code": None,
        }
        return Answer(status=refused.status, body=json.dumps({"error": error}).encode())

    def finish(self, *, expire_after: int | None = None, edit: Edit = list) -> None:
        """Let all batches end; those with `expire_after` answer so many requests and expire."""
        for batch in self.unfinished:
            self._finish(batch, expire_after, edit)

    def progress(self, done: int) -> None:
        """Let all batches say that so many requests are done."""
        for batch in self.unfinished:
            batch.status = "in_progress"
            batch.counts = {"total": len(batch.lines), "completed": done, "failed": 0}

    @property
    def unfinished(self) -> list[ServedBatch]:
        going = ("validating", "in_progress", "cancelling", "finalizing")
        return [batch for batch in self.batches.values() if batch.status in going]

    def _upload(self, received: Received) -> dict[str, Any]:
        head = f"content-type: {received.headers['content-type']}\r\n\r\n".encode()
        form = BytesParser(policy=HTTP).parsebytes(head + received.body)
        parts = {
            part.get_param("name", header="content-disposition"): part for part in form.iter_parts()
        }
        if parts.keys() != {"purpose", "file"}:
            raise Refused(400, f"Unknown or missing fields: {sorted(map(str, parts))}")
        if parts["purpose"].get_payload() != "batch":
            raise Refused(400, "Invalid value for 'purpose'", param="purpose")
        content = parts["file"].get_payload(decode=True)
        assert isinstance(content, bytes)
        if not (parts["file"].get_filename() or "").endswith(".jsonl"):
            raise Refused(400, "Invalid file format for Batch API. Must be .jsonl")
        identity = f"file-{len(self.files) + 1}"
        self.files[identity] = content
        return {
            "id": identity,
            "object": "file",
            "bytes": len(content),
            "created_at": int(self.clock()),
            "filename": parts["file"].get_filename(),
            "purpose": "batch",
            "status": "processed",
        }

    def _create(self, given: dict[str, Any]) -> dict[str, Any]:
        try:
            _CREATE(given, "batch")
        except ValueError as error:
            raise Refused(400, str(error)) from None
        if given["input_file_id"] not in self.files:
            raise Refused(400, f"No such File object: {given['input_file_id']}")
        identity = f"batch_{len(self.batches) + 1}"
        lines, errors = _request_lines(self.files[given["input_file_id"]], given["endpoint"])
        self.batches[identity] = batch = ServedBatch(
            id=identity,
            fields=given,
            lines=lines,
            status="validating",
            counts={"total": 0, "completed": 0, "failed": 0},
            created_s=int(self.clock()),
            errors=errors,
        )
        return self._shown(batch)

    def _cancel(self, batch: ServedBatch) -> dict[str, Any]:
        if batch not in self.unfinished:
            raise Refused(409, f"Cannot cancel a batch with status '{batch.status}'.")
        batch.status = "cancelling"
        return self._shown(batch)

    def _finish(self, batch: ServedBatch, expire_after: int | None, edit: Edit) -> None:
        if batch.errors:
            batch.status = "failed"
            return
        cancelled = batch.status == "cancelling"
        if expire_after is not None:
            batch.status = "cancelled" if cancelled else "expired"
        else:
            batch.status = "cancelled" if cancelled else "completed"
        most = 0 if cancelled and expire_after is None else expire_after
        results = [self._result(line, number) for number, line in enumerate(batch.lines, 1)]
        late = results[most:] if most is not None else []
        for result in late:
            code = "batch_cancelled" if cancelled else "batch_expired"
            message = "This request could not be executed before the completion window expired."
            result.update(response=None, error={"code": code, "message": message})
        edited = list(edit(results))
        good = [each for each in edited if mapping(each["response"]).get("status_code") == 200]
        bad = [each for each in edited if each not in good]
        for name, found in (("output", good), ("error", bad)):
            if found:
                identity = f"file-{name}-{batch.id}"
                self.files[identity] = _jsonl(found)
                batch.files[f"{name}_file_id"] = identity
        batch.counts = {"total": len(batch.lines), "completed": len(good), "failed": len(bad)}

    def _result(self, line: dict[str, Any], number: int) -> Result:
        status, body = self.model_answer(line, line["url"], line["body"], number)
        response = {"status_code": status, "request_id": f"req_{number}", "body": body}
        return {
            "id": f"batch_req_{number}",
            "custom_id": line["custom_id"],
            "response": response,
            "error": None,
        }

    def _shown(self, batch: ServedBatch) -> dict[str, Any]:
        errors = {"object": "list", "data": batch.errors} if batch.status == "failed" else None
        return {
            "id": batch.id,
            "object": "batch",
            "endpoint": batch.fields["endpoint"],
            "errors": errors,
            "input_file_id": batch.fields["input_file_id"],
            "completion_window": "24h",
            "status": batch.status,
            "output_file_id": batch.files.get("output_file_id"),
            "error_file_id": batch.files.get("error_file_id"),
            "created_at": batch.created_s,
            "request_counts": batch.counts,
            "metadata": batch.fields.get("metadata"),
        }


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _jsonl(values: Iterable[Any]) -> bytes:
    """Not escaped, as the real servers write it: U+2028 and its like stand in the lines."""
    return b"".join(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in values)


def _metadata(value: Any, at: str) -> None:
    OBJECT(value, at)
    expect(len(value) <= 16, "at most 16 pairs", at)
    for key, text in value.items():
        expect(len(key) <= 64 and isinstance(text, str) and len(text) <= 512, "too long", at)


_CREATE = fields_of(
    {
        "input_file_id": STRING,
        "endpoint": one_of("/v1/chat/completions", "/v1/responses", "/v1/embeddings"),
        "completion_window": one_of("24h"),
        "metadata": _metadata,
    },
    "input_file_id",
    "endpoint",
    "completion_window",
)
_LINE = fields_of(
    {"custom_id": STRING, "method": one_of("POST"), "url": STRING, "body": OBJECT},
    "custom_id",
    "method",
    "url",
    "body",
)


def _request_lines(
    content: bytes, endpoint: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The requests in a file, and the errors that make its batch fail."""
    lines: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    if len(content) > 200 * 10**6:
        errors.append({"code": "file_too_large", "message": "The file is too large.", "line": None})
    for number, line in enumerate(content.decode().split("\n")[:-1], 1):
        try:
            value = json.loads(line)
            _LINE(value, f"line {number}")
            expect(value["url"] == endpoint, "url_mismatch", f"line {number}")
            ids = {other["custom_id"] for other in lines}
            expect(value["custom_id"] not in ids, "duplicate_custom_id", f"line {number}")
            models = {other["body"].get("model") for other in lines} | {value["body"].get("model")}
            expect(len(models) == 1, "mismatched_model", f"line {number}")
            lines.append(value)
        except ValueError as error:
            errors.append({"code": "invalid_line", "message": str(error), "line": number})
    if not 0 < len(lines) <= 50_000:
        errors.append({"code": "wrong_count", "message": "wrong number of requests", "line": None})
    return lines, errors


class AnthropicBatchServer(BatchServer):
    """Message Batches of Anthropic."""

    def handle(
        self, received: Received, path: str, query: Mapping[str, str]
    ) -> dict[str, Any] | bytes | None:
        match (received.method, *path.removeprefix("/v1/messages").strip("/").split("/")):
            case "POST", "batches":
                return self._create(received)
            case "GET", "batches":
                found, more = self.page(query, "after_id")
                data = [self._shown(batch) for batch in found]
                return {
                    "data": data,
                    "has_more": more,
                    "first_id": data[0]["id"] if data else None,
                    "last_id": data[-1]["id"] if data else None,
                }
            case "GET", "batches", identity:
                return self._shown(self.found(identity))
            case "GET", "batches", identity, "results":
                batch = self.found(identity)
                if batch.status != "ended":
                    raise Refused(404, "the batch has no results yet")
                return batch.results
            case "POST", "batches", identity, "cancel":
                batch = self.found(identity)
                if batch.status != "ended":
                    batch.status = "canceling"
                return self._shown(batch)
            case _, "batches", *_:
                raise Refused(405, "Method Not Allowed")
        return None

    def refusal(self, refused: Refused) -> Answer:
        kinds = {401: "authentication_error", 404: "not_found_error"}
        kind = kinds.get(refused.status, "invalid_request_error")
        error = {"type": "error", "error": {"type": kind, "message": refused.message}}
        return Answer(status=refused.status, body=json.dumps(error).encode())

    def finish(self, *, expire_after: int | None = None, edit: Edit = list) -> None:
        """Let all batches end; those with `expire_after` answer so many requests and expire."""
        for batch in self.unfinished:
            self._finish(batch, expire_after, edit)

    def progress(self, done: int) -> None:
        """Nothing: the API counts when the batch has ended."""

    @property
    def unfinished(self) -> list[ServedBatch]:
        return [batch for batch in self.batches.values() if batch.status != "ended"]

    def _create(self, received: Received) -> dict[str, Any]:
        if not received.headers.get("content-type", "").startswith("application/json"):
            raise Refused(415, "Unsupported media type")
        if "anthropic-version" not in received.headers:
            raise Refused(400, "anthropic-version: header is required")
        try:
            given = json.loads(received.body)
            _REQUESTS(given, "body")
            ids = [request["custom_id"] for request in given["requests"]]
            expect(len(set(ids)) == len(ids), "custom_id must be unique", "requests")
        except ValueError as error:
            raise Refused(400, str(error)) from None
        identity = f"msgbatch_{len(self.batches) + 1}"
        lines = given["requests"]
        self.batches[identity] = batch = ServedBatch(
            id=identity,
            fields={},
            lines=lines,
            status="in_progress",
            counts={**dict.fromkeys(_COUNTED.values(), 0), "processing": len(lines)},
            created_s=int(self.clock()),
        )
        return self._shown(batch)

    def _finish(self, batch: ServedBatch, expire_after: int | None, edit: Edit) -> None:
        cancelled = batch.status == "canceling"
        most = 0 if cancelled and expire_after is None else expire_after
        results = [self._result(line, number) for number, line in enumerate(batch.lines, 1)]
        for result in results[most:] if most is not None else []:
            result["result"] = {"type": "canceled" if cancelled else "expired"}
        edited = list(edit(results))
        batch.results = _jsonl(edited)
        batch.counts = dict.fromkeys((*_COUNTED.values(), "processing"), 0)
        for result in results:
            batch.counts[_COUNTED[result["result"]["type"]]] += 1
        batch.status = "ended"

    def _result(self, line: dict[str, Any], number: int) -> Result:
        status, body = self.model_answer(line, "/v1/messages", line["params"], number)
        result = {"type": "succeeded", "message": body}
        if status != 200:
            details = {
                "type": "invalid_request_error",
                "message": mapping(body["error"])["message"],
            }
            error = {"type": "error", "error": details, "request_id": f"req_{number}"}
            result = {"type": "errored", "error": error}
        return {"custom_id": line["custom_id"], "result": result}

    def _shown(self, batch: ServedBatch) -> dict[str, Any]:
        created = datetime.fromtimestamp(batch.created_s, UTC).isoformat()
        ended = batch.status == "ended"
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": batch.status,
            "request_counts": batch.counts,
            "created_at": created.replace("+00:00", "Z"),
            "expires_at": created.replace("+00:00", "Z"),
            "ended_at": created if ended else None,
            "archived_at": None,
            "cancel_initiated_at": None,
            # An address elsewhere: a client must not send its API key there.
            "results_url": f"{self.elsewhere}/{batch.id}/results" if ended else None,
        }


_COUNTED = {
    "succeeded": "succeeded",
    "errored": "errored",
    "canceled": "canceled",
    "expired": "expired",
}


def _custom_id(value: Any, at: str) -> None:
    STRING(value, at)
    expect(CUSTOM_ID.fullmatch(value) is not None, "String should match pattern", at)


_REQUESTS = fields_of(
    {
        "requests": list_of(
            fields_of({"custom_id": _custom_id, "params": OBJECT}, "custom_id", "params"), least=1
        )
    },
    "requests",
)
