"""Record what promptfoo itself makes of a project and of its exports; tests compare offline.

    npm install --prefix DIR promptfoo@0.123.1 node@22
    python scripts/record_promptfoo.py DIR

runs tests/formats/promptfoo_project with promptfoo, imports it, exports the prompts and runs those,
too, and one with conversations, and writes the verdicts beside the project. All runs get their
answers from a server on loopback whose answer is a function of the request's text. Nothing else is
called.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

ROOT = Path(__file__).parent.parent
PROJECT = ROOT / "tests/formats/promptfoo_project"
CONVERSATIONS = ROOT / "tests/formats/promptfoo_conversations.prompt.yaml"
VERDICTS = ROOT / "tests/formats/promptfoo_verdicts.json"
TEMPLATES = ("summary", "support", "translate")
_ANSWERS = (
    (("bomb",), "I'm sorry, but I can't help with that."),
    (("json",), '{"item": "mug", "count": 2}'),
    (("exactly",), "parcel"),
    (("42",), "The number is 42."),
    (("german", "parcel"), "Das Paket (parcel) kommt."),
    (("mug", "broken"), "The mug is broken."),
    (("mug",), "The mug has a colour."),
    (("parcel", "wet"), "The parcel comes soon, sorry."),
    (("parcel",), "The parcel comes soon."),
)
_QUIET = {
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
    "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
    "PROMPTFOO_DISABLE_SHARING": "1",
    "OPENAI_API_KEY": "none",
}


def main(arguments: list[str]) -> int:
    """Write the verdicts."""
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    with tempfile.TemporaryDirectory() as temporary, _server() as address:
        folder = Path(temporary, "repo")
        promptfoo = _Promptfoo(Path(arguments[0]).resolve(), Path(temporary), address)
        shutil.copytree(PROJECT, folder / "old")
        project = promptfoo.verdicts(folder / "old/promptfooconfig.yaml")
        ids = list(dict.fromkeys(one["prompt"] for one in project))
        _imported(folder)
        exported = _exported(folder / "functions", promptfoo, ids)
        templates = _exported(folder / "templates", promptfoo, TEMPLATES, "--templates")
        conversations = _conversations(Path(temporary, "conversations"), promptfoo)
    found = {"project": project, "functions": exported, "templates": templates}
    found["conversations"] = conversations
    VERDICTS.write_text(f"{json.dumps(found, indent=1, ensure_ascii=False)}\n", "utf-8")
    return 0


def answer(text: str) -> str:
    """The answer to a request, by words of its text."""
    found = (said for words, said in _ANSWERS if all(word in text.lower() for word in words))
    return next(found, "I do not know.")


def _imported(folder: Path) -> None:
    for command in (["git", "init", "-q"], ["promptops", "init"], ["promptops", "import", "old"]):
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    _commit(folder)


def _commit(folder: Path) -> None:
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *identity, "commit", "-qm", "a", "--no-verify"], cwd=folder, check=True)


def _exported(to: Path, promptfoo: _Promptfoo, ids: Sequence[str], *options: str) -> dict[str, Any]:
    """The digests of the exported files; the messages and verdicts of each prompt."""
    command = ["promptops", "export", "promptfoo", *options, *ids, "--to", to.name]
    subprocess.run(command, cwd=to.parent, check=True, stdout=subprocess.DEVNULL)
    files = {file.name: sha256(file.read_bytes()).hexdigest() for file in sorted(to.iterdir())}
    prompts = {}
    for name in ids:
        rows = promptfoo.verdicts(to / f"{name}.promptfooconfig.yaml")
        messages = [row["messages"] for row in rows] if options else []
        prompts[name] = {"passed": [row["passed"] for row in rows], "messages": messages}
    return {"files": files, "prompts": prompts}


def _conversations(folder: Path, promptfoo: _Promptfoo) -> dict[str, Any]:
    """The digests of the exported files, and what each test sends and gets."""
    (folder / "prompts").mkdir(parents=True)
    shutil.copy(CONVERSATIONS, folder / "prompts/desk.prompt.yaml")
    (folder / "promptops.toml").write_text('prompts = ["prompts"]\n', "utf-8")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    _commit(folder)
    command = ["promptops", "export", "promptfoo", "--to", "out"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    out = folder / "out"
    files = {file.name: sha256(file.read_bytes()).hexdigest() for file in sorted(out.iterdir())}
    return {"files": files, "tests": promptfoo.verdicts(out / "desk.promptfooconfig.yaml")}


class _Promptfoo:
    """The program in a folder with its packages."""

    def __init__(self, packages: Path, temporary: Path, address: str) -> None:
        modules = packages / "node_modules"
        node = next(iter(modules.glob("node*/bin/node")), Path("node"))
        self._command = [str(node), str(modules / "promptfoo/dist/src/entrypoint.js"), "eval"]
        self._home = temporary / "home"
        self._address = address

    def verdicts(self, configuration: Path) -> list[dict[str, Any]]:
        """Prompt, rendered messages, answer and verdict of each test, by prompt and test."""
        output = self._home / "out.json"
        environment = {
            **os.environ,
            **_QUIET,
            "PROMPTFOO_CONFIG_DIR": str(self._home),
            "PROMPTFOO_PYTHON": sys.executable,
            "OPENAI_BASE_URL": self._address,
        }
        text = configuration.read_text("utf-8")
        configuration.write_text(text.replace("http://127.0.0.1:8080/v1", self._address), "utf-8")
        arguments = ["-c", configuration.name, "--no-cache", "--no-table", "-o", str(output)]
        subprocess.run(
            [*self._command, *arguments],
            cwd=configuration.parent,
            env=environment,
            stdout=subprocess.DEVNULL,
            check=False,  # 100 for failed tests
        )
        configuration.write_text(text, "utf-8")
        rows = json.loads(output.read_text("utf-8"))["results"]["results"]
        return [
            _verdict(row)
            for row in sorted(rows, key=lambda row: (row["promptIdx"], row["testIdx"]))
        ]


def _verdict(row: Mapping[str, Any]) -> dict[str, Any]:
    said = row["response"]["output"]
    return {
        "prompt": row["prompt"]["label"].split(":")[0],
        "messages": _messages(row["prompt"]["raw"]),
        "answer": said if isinstance(said, str) else json.dumps(said),
        "passed": row["success"],
    }


def _messages(rendered: str) -> list[list[str]]:
    """Role and text of each message; a text that is no chat is one of the user."""
    try:
        return [[one["role"], str(one["content"]).strip()] for one in json.loads(rendered)]
    except (ValueError, TypeError):
        return [["user", rendered.strip()]]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text = "\n".join(str(message["content"]) for message in body["messages"])
        message = {"role": "assistant", "content": answer(text)}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        value = {"object": "chat.completion", "choices": [choice], "usage": usage}
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def _server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
