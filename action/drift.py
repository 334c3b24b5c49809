"""Runs `promptops drift` with all formats, and passes its exit code to the last step of the job.

    python drift.py

It exits 0 itself, so that issue, summary and artifacts are written for every result.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner import annotate, set_output, summarise

FILES = {"markdown": "drift.md", "json": "drift.json", "html": "drift.html"}
_EVENTS = ("schedule", "workflow_dispatch")
_FAILED = 1  # exit codes of promptops
_UNPUSHED = 4
_UNANSWERED = 5


def main() -> int:
    """Exits 2 if models must not be called for this event."""
    if refusal := _refusal():
        annotate("error", refusal)
        return 2
    reports = Path(os.environ["RUNNER_TEMP"], "promptops-drift-reports")
    shutil.rmtree(reports, ignore_errors=True)  # of an earlier step of the job
    reports.mkdir()
    _set_default_branch()
    with _pushing():
        code = _drift(reports)
    summarise(_summary(reports, code))
    set_output("exit-code", str(code))
    set_output("reports", str(reports))
    return 0


def _refusal() -> str:
    """Why models are not called; "" for a schedule, or a run by hand on the default branch."""
    event, ref, default = (
        os.environ[name] for name in ("GITHUB_EVENT_NAME", "GITHUB_REF", "DEFAULT_REF")
    )
    if event not in _EVENTS:
        return f"models are not called on `{event}`: run this on a schedule, or by hand"
    if event != "schedule" and ref != default:
        return "models are not called for this branch: run the workflow on the default branch"
    return ""


def _set_default_branch() -> None:
    """Let git know the default branch, whose endpoints may get a key: a checkout does not set it.

    A schedule runs on the default branch, and `_refusal` checks it for a run by hand.
    """
    name = os.environ["GITHUB_REF"].removeprefix("refs/heads/")
    subprocess.run(("git", "remote", "set-head", "origin", name), check=False)


def _drift(reports: Path) -> int:
    formats = [f"--format={name}={reports / file}" for name, file in FILES.items()]
    more = [line.strip() for line in os.environ["ARGUMENTS"].splitlines() if line.strip()]
    # A job that is run again on the same day replaces its night.
    command = [os.environ["PROMPTOPS"], "drift", "--push", "--again", "--event=nightly", *formats]
    environment = {name: value for name, value in os.environ.items() if name != "GITHUB_TOKEN"}
    code = subprocess.run(
        [*command, "--format=text", *more], check=False, env=environment
    ).returncode
    return code if code >= 0 else 128 - code


@contextmanager
def _pushing() -> Iterator[None]:
    """Let git in this checkout send the token to the server, until the notes are pushed."""
    file = Path(os.environ["RUNNER_TEMP"], "promptops-push.gitconfig")
    secret = b64encode(f"x-access-token:{os.environ['GITHUB_TOKEN']}".encode()).decode()
    file.touch(mode=0o600)
    file.write_text(
        f'[http "{os.environ["GITHUB_SERVER_URL"]}/"]\n'
        f"\textraheader = AUTHORIZATION: basic {secret}\n",
        encoding="utf-8",
    )
    include = ("git", "config", "--local")
    subprocess.run([*include, "--add", "include.path", str(file)], check=True)
    try:
        yield
    finally:
        subprocess.run([*include, "--unset-all", "include.path", f"^{file}$"], check=False)
        file.unlink()


def _summary(reports: Path, code: int) -> str:
    """The text of the issue, if there is one."""
    file = reports / FILES["markdown"]
    if code in (0, _FAILED, _UNPUSHED, _UNANSWERED) and file.exists():
        return file.read_text("utf-8")
    title = "### promptops drift: no verdict"
    return f"{title}\n\nIt exited with code {code}; see the log of the job.\n"


if __name__ == "__main__":
    sys.exit(main())
