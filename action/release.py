"""Verifies the release of the tag that the job runs on, builds its bundle, and verifies it.

    python release.py

Sets the outputs `bundle`, `signature`, `notes` and `prerelease`. A tag whose name
is not that of a release is skipped, and sets none.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runner import annotate, log, set_output

_NO_RELEASE = 2  # exit codes, as those of promptops
_GIT = 4


class Stopped(Exception):
    """The run stops; `message` is empty if the command that failed has printed the reason."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message)
        self.code = code


def main() -> int:
    """Returns the exit code of the first command that fails."""
    folder = Path(os.environ["RUNNER_TEMP"], "promptops-release")
    folder.mkdir(exist_ok=True)
    try:
        _release(os.environ["GITHUB_REF_NAME"], folder)
    except Stopped as stopped:
        if str(stopped):
            annotate("error" if stopped.code else "notice", str(stopped))
        return stopped.code
    return 0


def _release(tag: str, folder: Path) -> None:
    _have_tag_object(tag)
    _expect_commit(tag)
    _verify(tag, folder)
    built = _build(tag, folder)
    _run("verify", str(built.bundle))
    for name, value in built.outputs().items():
        set_output(name, value)


def _have_tag_object(tag: str) -> None:
    """Some versions of actions/checkout replace an annotated tag by its commit.

    https://github.com/actions/checkout/issues/290
    """
    ref = f"refs/tags/{tag}"
    if _git("cat-file", "-t", ref).stdout.strip() == "tag":
        return
    log(f"fetched the tag itself, which the checkout did not: {tag}")
    fetched = _git("fetch", "--force", "--no-tags", "origin", f"+{ref}:{ref}", **_credentials())
    if fetched.returncode:
        raise Stopped(_GIT, f"the tag can't be fetched: {fetched.stderr.strip()}")


def _credentials() -> dict[str, str]:
    """Credentials for one call, in the environment: other steps could read a file or arguments."""
    pair = f"x-access-token:{os.environ['GITHUB_TOKEN']}".encode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{os.environ['GITHUB_SERVER_URL']}/.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {base64.b64encode(pair).decode()}",
        "GIT_TERMINAL_PROMPT": "0",
    }


def _expect_commit(tag: str) -> None:
    """The tag must still point at the commit that the job was started for."""
    asked = (f"refs/tags/{tag}^{{commit}}", f"{os.environ['GITHUB_SHA']}^{{commit}}")
    there, started_for = (_git("rev-parse", "--verify", each).stdout.strip() for each in asked)
    if not there or there != started_for:
        raise Stopped(1, f"the tag {tag!r} was moved since the job was started")


def _verify(tag: str, folder: Path) -> None:
    """Verify the release and print problems; a file with the name of the tag is not a release."""
    file = folder / "verified.json"
    code = _code("verify", "--format=text", f"--format=json={file}", "--", tag)
    if code == _NO_RELEASE or (code <= 1 and json.loads(file.read_text("utf-8"))["kind"] != "tag"):
        raise Stopped(
            0, f"{tag!r} is not the name of a release (`release.tag_format`): nothing to do"
        )
    if code:
        raise Stopped(code, f"the release {tag!r} does not match its tag: nothing is published")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """Files that were built from a release."""

    bundle: Path
    signature: Path
    notes: Path
    prerelease: bool

    def outputs(self) -> Mapping[str, str]:
        """The outputs for later steps."""
        return {
            "bundle": str(self.bundle),
            "signature": str(self.signature) if self.signature.exists() else "",
            "notes": str(self.notes),
            "prerelease": str(self.prerelease).lower(),
        }


def _build(tag: str, folder: Path) -> Built:
    bundle, notes, changes = (
        folder / each for each in ("prompts.jsonl", "notes.md", "releases.json")
    )
    sign = ["--sign"] if os.environ["SIGN"] == "true" else []
    _run("build", *sign, f"--output={bundle}", "--", tag)
    _run("log", "--releases", f"--format=markdown={notes}", f"--format=json={changes}", "--", tag)
    version = json.loads(changes.read_text("utf-8"))["releases"][0]["release"]["version"]
    return Built(
        bundle=bundle,
        signature=folder / "prompts.jsonl.sig",
        notes=notes,
        prerelease="-" in version,
    )


def _run(command: str, *arguments: str) -> None:
    code = _code(command, *arguments)
    if code:
        raise Stopped(code, f"`promptops {command}` exited with code {code}")


def _code(*arguments: str) -> int:
    return subprocess.run([os.environ["PROMPTOPS"], *arguments], check=False).returncode


def _git(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments],
        check=False,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        env={**os.environ, **environment},
    )


if __name__ == "__main__":
    sys.exit(main())
