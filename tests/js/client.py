"""Loads bundles in one Node process, and in Python, with outcomes of the same form."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import promptops
from tests.conformance.test_js_package import SOURCES
from tests.runtime.loading.conftest import NEVER_S, PATIENCE_S

DRIVER = Path(__file__).with_name("driver.mjs")
PASSED = ("PROMPTOPS_", "XDG_", "HOME")
COMPARED = ("release", "digest", "channel", "stale", "text", "request")
ERROR = ("error", "message", "where", "hint")


class Client:
    """A Node process that loads with the package that is built."""

    def __init__(self) -> None:
        built = (SOURCES / "out" / "promptops.js").as_uri()
        subprocess.run(["node", "build.mjs"], cwd=SOURCES, check=True)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._node = subprocess.Popen(["node", str(DRIVER), built], **pipes)

    def close(self) -> None:
        self._node.communicate(timeout=PATIENCE_S)

    def forget(self) -> None:
        """As if the process were new."""
        self._ask(operation="forget")

    def settle(self) -> None:
        """Wait for queries in the background."""
        self._ask(operation="settle")

    def load(
        self,
        ref: str | None,
        source: object,
        trust: Path | None = None,
        *,
        refresh_s: float = NEVER_S,
        timeout_s: float = PATIENCE_S,
        count: int = 1,
    ) -> dict[str, Any]:
        """What `load` gives: of a bundle COMPARED and whether it is the `same` as before, or ERROR.

        `warnings` are those since the last call.
        """
        options = self._options(source, trust, refresh_s, timeout_s)
        return self._ask(operation="load", ref=ref, options=options, count=count)

    def refreshed(
        self,
        ref: str,
        source: object,
        trust: Path | None = None,
        *,
        timeout_s: float = PATIENCE_S,
        **wanted: Any,
    ) -> dict[str, Any]:
        """As `load`, after a query in the background that ended as it should."""
        during = self.load(ref, source, trust, refresh_s=0, timeout_s=timeout_s)
        options = self._options(source, trust, NEVER_S, PATIENCE_S)
        after = self._ask(operation="until", ref=ref, options=options, wanted=wanted)
        after["same"] = after["same"] and during["same"]
        return after | {"warnings": [*during["warnings"], *after["warnings"]]}

    def _options(
        self, source: object, trust: Path | None, refresh_s: float, timeout_s: float
    ) -> dict[str, Any]:
        found: dict[str, Any] = {"refreshSeconds": refresh_s, "timeoutSeconds": timeout_s}
        found |= {"source": str(source)} if source is not None else {}
        return found | ({"trust": trust.read_text("utf-8")} if trust is not None else {})

    def _ask(self, **question: Any) -> dict[str, Any]:
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        environment = {k: v for k, v in os.environ.items() if k.startswith(PASSED)}
        question |= {"environment": environment, "folder": os.getcwd()}
        self._node.stdin.write(json.dumps(question).encode() + b"\n")
        self._node.stdin.flush()
        answer: dict[str, Any] = json.loads(self._node.stdout.readline())
        assert "stack" not in answer, answer["stack"]
        return answer


def compared(outcome: dict[str, Any]) -> dict[str, Any]:
    return {key: outcome[key] for key in (ERROR if "error" in outcome else COMPARED)}


def by_python(ref: str | None, source: object, trust: Path | None = None) -> dict[str, Any]:
    """What Python's `load` gives, in the form of `compared`."""
    try:
        bundle = promptops.load(ref, source=str(source), trust=trust)
    except promptops.PromptopsError as error:
        kind, hint = type(error).__name__, error.hint
        return dict(zip(ERROR, (kind, error.message, error.where, hint), strict=True))
    name = next(iter(bundle))
    request = bundle[name].render_from({"name" if name == "greet" else "question": "Ada"})
    facts = bundle.release, bundle.digest, bundle.channel, bundle.stale
    text = request.messages[-1]["content"]
    return dict(zip(COMPARED, (*facts, text, request.digest), strict=True))
