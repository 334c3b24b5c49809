"""The workbench of a repository in a thread, and requests to it as a browser sends them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

from promptops.commands.ui.server import HOST, Server
from promptops.commands.ui.workbench import WorkbenchOptions

PATIENCE_S = 120.0
ASK = "prompts/ask.prompt.yaml"
TONE = "prompts/partials/tone.md.j2"
BODY = "prompts/letter.md.j2"
FILES = {
    "promptops.toml": '[models.fast]\nprovider = "openai"\nid = "fast-1"\nprice = {input = 2.0}\n',
    ASK: """\
# Who may change it: support.
format: promptops/1
description: Answer a question.
owners: ["@acme/support"]
tags: [support]
model: {profile: fast}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 200}
messages:
  - role: system   # who answers
    content: |
      {% include "partials/tone.md.j2" %}
      Answer in one line.

  # the question itself
  - {role: user, content: "{{ question }}"}
tests:
  - name: why
    inputs: {question: Why?}
    rendered: [{type: contains, value: Why}]
""",
    "prompts/ask.de.prompt.yaml": """\
format: promptops/1
extends: ./ask.prompt.yaml
description: Answer in German.
""",
    "prompts/write.prompt.yaml": """\
format: promptops/1
description: Write a letter.
model: {profile: fast}
inputs: {properties: {name: {type: string, maxLength: 20, default: you}}}
messages:
  - role: user
    content: {file: ./letter.md.j2}
""",
    BODY: "Dear {{ name }},\nwrite soon.\n",
    TONE: "Be kind.\n",
    "prompts/broken.prompt.yaml": "format: promptops/1\nmessages: [\n",
}


def edited_file(path: str, prompt: str, **more: Any) -> dict[str, Any]:
    """A file with edits, as a change lists it; `more` are other keys than those of one edit."""
    name = prompt if path.endswith(".prompt.yaml") else None
    return {"path": path, "id": name, "prompts": [prompt], "cases": [], "answers": 0, **more}


@dataclass(frozen=True)
class Got:
    """A response."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


@dataclass(frozen=True)
class Client:
    """A browser that knows the token."""

    port: int
    token: str

    def get(self, path: str) -> Any:
        """The JSON that the server answers, without the number of its schema."""
        return self._json(self.request("GET", path))

    def post(self, path: str, **body: Any) -> Any:
        return self._json(self.request("POST", path, json.dumps(body)))

    def edit(self, **edit: Any) -> Any:
        """Edit the text of a prompt, as a page that shows the present one."""
        return self.post("/api/edit", **{"was": self.text(edit["id"], edit["at"]), **edit})

    def text(self, prompt: str, at: str) -> str | None:
        """The present text at a JSON pointer of a prompt; None for another pointer."""
        texts = self.get(f"/api/prompt?id={prompt}")["texts"]
        return next((each["text"] for each in texts if each["at"] == at), None)

    @property
    def state(self) -> str:
        """The name of the present change, with the answers that its test cases need."""
        state: str = self.get("/api/change?failing=1")["state"]
        return state

    def save(self) -> Any:
        """Save the present edits to the files."""
        return self.post("/api/save", state=self.state)

    def branch(self, name: str, message: str) -> Any:
        """Save the present edits to a branch."""
        return self.post("/api/branch", state=self.state, name=name, message=message)

    def refused(self, path: str, **body: Any) -> tuple[int, str, str | None]:
        """The status, the message and the hint of an error."""
        got = self.request("POST", path, json.dumps(body))
        error = got.json["errors"][0]
        return got.status, error["message"], error["hint"]

    def request(
        self, method: str, path: str, body: str | bytes | None = None, **headers: str
    ) -> Got:
        """`headers` replace those of the browser; one that is "" is not sent."""
        own = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        own |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection(HOST, self.port, timeout=PATIENCE_S)
        try:
            sent = {name: value for name, value in own.items() if value}
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Got(response.status, found, response.read())
        finally:
            connection.close()

    @staticmethod
    def _json(got: Got) -> Any:
        assert got.status == 200, got.data
        assert got.headers["content-type"] == "application/json"
        return {name: value for name, value in got.json.items() if name != "schema"}


@contextmanager
def served(root: Path, **options: Any) -> Iterator[Client]:
    """Serve a repository in a thread."""
    server = Server(WorkbenchOptions(directory=root, **options))
    thread = Thread(target=server.run)
    thread.start()
    try:
        yield Client(server.port, server.token)
    finally:
        server.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another thread or program does."""
    end = monotonic() + PATIENCE_S
    while not is_so():
        assert monotonic() < end
        sleep(0.005)  # the server is in this process, and needs its turn
