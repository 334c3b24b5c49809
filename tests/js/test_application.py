"""An application installs the packed npm package, and uses it with the official clients."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from promptops.errors import InputError, UsageError
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.bundle.format import read_bundle
from promptops.runtime.request.answers import AnswerError
from promptops.runtime.request.rendered import RenderedRequest
from tests.conformance.test_js_package import SOURCES, npm, with_packages
from tests.conformance.test_vectors import rows

HERE = Path(__file__).parent
ANSWER = '{"text": "It works."}'
FORMATS = ("openai", "responses", "anthropic", "gemini")
PACKAGES = ("@cfworker", "@anthropic-ai", "@google", "@types", "openai")
OPTIONS = {
    "strict": True,
    "exactOptionalPropertyTypes": True,
    "noUncheckedIndexedAccess": True,
    "target": "ES2022",
    "module": "NodeNext",
    "moduleResolution": "NodeNext",
    "types": ["node"],
    "skipLibCheck": True,
    "outDir": "out",
}


@pytest.fixture(scope="module")
def application(tmp_path_factory) -> Path:
    """The folder of an application that installed the packed package and its clients.

    Its other packages are those of `npm ci`: tests use no registry.
    """
    folder = tmp_path_factory.mktemp("application")
    npm("build")
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder)]
    command += ["--cache", str(tmp_path_factory.mktemp("cache"))]
    packed = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=True)
    modules = folder / "node_modules"
    modules.mkdir()
    with tarfile.open(folder / packed.stdout.strip()) as tar:
        tar.extractall(modules, filter="data")
    (modules / "package").rename(modules / "promptops")
    for name in PACKAGES:
        (modules / name).symlink_to(SOURCES / "node_modules" / name)
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    return folder


def compiled(folder: Path, name: str, text: str) -> subprocess.CompletedProcess[str]:
    """Check and translate a program of an application."""
    (folder / name).write_text(text, "utf-8")
    config = {"compilerOptions": OPTIONS, "files": [name]}
    (folder / "tsconfig.json").write_text(json.dumps(config), "utf-8")
    command = ["node", str(SOURCES / "node_modules/typescript/bin/tsc"), "-p", str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def node(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["node", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True, slots=True)
class ModelServer:
    """A server that gives one answer in the form of each API.

    `received`: the last part of each path, and the body.
    """

    address: str
    received: list[tuple[str, Any]] = field(default_factory=list)

    def taken(self) -> list[tuple[str, Any]]:
        found = list(self.received)
        self.received.clear()
        return found


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, received: list[tuple[str, Any]], *arguments: Any) -> None:
        self._received = received
        super().__init__(*arguments)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        path = self.path.partition("?")[0]
        # Google's clients of Python and JavaScript use other versions of the API.
        self._received.append((path.rpartition("/")[2], body))
        data = json.dumps(_answer(path)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """The test compares what arrives."""


def _answer(path: str) -> dict[str, Any]:
    if path.endswith("/chat/completions"):
        message = {"role": "assistant", "content": ANSWER}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [choice],
        }
    if path.endswith("/responses"):
        content = [{"type": "output_text", "text": ANSWER, "annotations": []}]
        message = {"type": "message", "id": "2", "role": "assistant", "content": content}
        return {"id": "1", "object": "response", "status": "completed", "output": [message]}
    if path.endswith("/messages"):
        blocks = [{"type": "text", "text": ANSWER}]
        usage = {"input_tokens": 1, "output_tokens": 1}
        more = {"stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
        return {
            "id": "1",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": blocks,
            **more,
        }
    content = {"role": "model", "parts": [{"text": ANSWER}]}
    return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}]}


_SPELLINGS = {
    "file_uri": "fileUri",
    "include_thoughts": "includeThoughts",
    "mime_type": "mimeType",
    "parameters_json_schema": "parametersJsonSchema",
    "thinking_budget": "thinkingBudget",
    "thinking_level": "thinkingLevel",
    "thought_signature": "thoughtSignature",
}
"""Keys that Google's client for Python sends in the other of the two spellings of the API."""
_URL_SAFE = str.maketrans("-_", "+/")
"""That client sends base64 in its URL-safe form, which the API takes, too."""


def _one_spelling(body: Any) -> Any:
    if isinstance(body, list):
        return [_one_spelling(each) for each in body]
    if not isinstance(body, dict):
        return body
    found = {_SPELLINGS.get(key, key): _one_spelling(value) for key, value in body.items()}
    if "mimeType" in found and isinstance(found.get("data"), str):
        found["data"] = found["data"].translate(_URL_SAFE)
    return found


@contextmanager
def model_server() -> Iterator[ModelServer]:
    received: list[tuple[str, Any]] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, received)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield ModelServer(f"http://127.0.0.1:{server.server_port}", received)
        finally:
            server.shutdown()


def python_clients(address: str) -> dict[str, Any]:
    openai, anthropic = pytest.importorskip("openai"), pytest.importorskip("anthropic")
    genai = pytest.importorskip("google.genai")
    shared = {"api_key": "no-key", "max_retries": 0}
    of_openai = openai.OpenAI(**shared, base_url=f"{address}/v1")
    of_anthropic = anthropic.Anthropic(**shared, base_url=address)
    google = genai.Client(api_key="no-key", http_options={"base_url": address})
    return {
        "openai": of_openai.chat.completions.create,
        "responses": of_openai.responses.create,
        "anthropic": of_anthropic.messages.create,
        "gemini": partial(_generated, google),
    }


def _generated(client: Any, **arguments: Any) -> Any:
    """Hold the client: one that nothing refers to is closed."""
    return client.models.generate_content(**arguments)


def sent(name: str, create: Any, bundle: Bundle, row: dict[str, Any]) -> str:
    """Send a request; what `parse` gives, as the application prints it."""
    prompt = bundle[row["prompt"]]
    request: RenderedRequest = prompt.render_from(row["inputs"])
    try:
        arguments = getattr(request, name)()
    except (InputError, UsageError):
        return "UnsupportedRequest"
    try:
        return json.dumps({"value": prompt.parse(create(**arguments))}, separators=(",", ":"))
    except AnswerError:
        return "AnswerError"


@with_packages
def test_an_application_compiles_against_the_packed_package_and_runs(application):
    program = """
import { type Bundle, type LoadOptions, PromptopsError, load, parseRef } from "promptops";

const options: LoadOptions = { source: "/nowhere" };
const found: Bundle | string = await load("v1.0.0", options).catch((error: unknown) =>
  error instanceof PromptopsError ? `${error.name}: ${error.where}` : "",
);
// @ts-expect-error: an option that does not exist
await load("v1.0.0", { sorce: "/nowhere" }).catch(() => undefined);
console.log(parseRef("^1.2").kind, found);
"""

    done = compiled(application, "small.ts", program)

    assert done.stdout == ""
    assert node(application, "out/small.js") == "Highest NotFound: /nowhere\n"


@with_packages
def test_the_official_clients_send_what_those_of_python_send(application, tmp_path):
    done = compiled(application, "application.ts", (HERE / "application.ts").read_text("utf-8"))
    assert done.stdout == ""
    bundles: list[str] = []
    cases: list[dict[str, Any]] = []
    for row in rows("requests"):
        if "bundle" in row:
            bundles.append(row["bundle"])
        elif "request" in row and json.loads(row["request"])["model"]:  # clients need a model
            fields = {"prompt": row["prompt"], "inputs": row["inputs"]}
            cases.append({"bundle": len(bundles) - 1, **fields})
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"bundles": bundles, "cases": cases}), "utf-8")
    opened = [Bundle(read_bundle(text.encode(), "vectors"), where="vectors") for text in bundles]

    with model_server() as server:
        printed = node(application, "out/application.js", str(file), server.address).splitlines()
        received = server.taken()
        clients = python_clients(server.address)
        expected = [
            sent(name, clients[name], opened[case["bundle"]], case)
            for case in cases
            for name in FORMATS
        ]

        assert received == [(path, _one_spelling(body)) for path, body in server.taken()]
    assert printed == expected
    assert {path.rpartition(":")[2] for path, _ in received} == {
        "completions",
        "responses",
        "messages",
        "generateContent",
    }
