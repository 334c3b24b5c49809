"""Runs the gate in all formats, and keeps its exit code for the step that ends the job.

    python check.py

So that comment, summary and artifacts are there whatever the gate says, this itself exits 0.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner import annotate, log, set_output, summarise

FILES = {
    "markdown": "comment.md",
    "json": "promptops.json",
    "sarif": "promptops.sarif",
    "junit": "promptops.xml",
    "html": "promptops.html",
}
MARKER = "<!-- promptops check -->"
_SAYS_NO = 1  # exit codes of promptops
_GIT = 4


def main() -> int:
    """Exits 2 where it must not run."""
    if refusal := _refusal():
        annotate("error", refusal)
        return 2
    reports = Path(os.environ["RUNNER_TEMP"], "promptops-reports")
    shutil.rmtree(reports, ignore_errors=True)  # of an earlier step of the job
    reports.mkdir()
    code = _check(reports)
    if code == _GIT and _git("rev-parse", "--is-shallow-repository").stdout == "true\n":
        annotate("error", "the checkout has no history: give actions/checkout `fetch-depth: 0`")
    outcome = _outcome(reports, code)
    summarise(_report(reports, code))
    outcome |= {"exit-code": str(code), "reports": str(reports)}
    for name, value in outcome.items():
        set_output(name, value)
    return 0


def _refusal() -> str:
    if os.environ["GITHUB_EVENT_NAME"] == "pull_request_target":
        return "pull_request_target gives strangers a token: use pull_request"
    if os.environ["BASE"].startswith("-"):
        return "`base` is a revision, and none begins with `-`"
    return ""


def _check(reports: Path) -> int:
    base = _base()
    log(f"compared with {base}" if base else "everything is checked: nothing to compare with")
    # The commit, never the files on disk: attributes may change those on checkout.
    judged = [f"--since={base}"] if base else ["--at=HEAD"]
    formats = [f"--format={name}={reports / file}" for name, file in FILES.items()]
    command = [os.environ["PROMPTOPS"], "check", *judged, "--format=github", *formats]
    code = subprocess.run(command, check=False).returncode
    return code if code >= 0 else 128 - code


def _base() -> str:
    """What the change is compared with, or "" where there is nothing.

    BEFORE is where a pushed branch was: all zeros for a new one, and unknown here after a push
    that was forced.
    """
    base, before = os.environ["BASE"], os.environ["BEFORE"]
    if base or not before:
        return base
    asked = _git("cat-file", "-e", f"{before}^{{commit}}")
    return before if asked.returncode == 0 else ""


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], check=False, capture_output=True, encoding="utf-8")


def _outcome(reports: Path, code: int) -> dict[str, str]:
    """The verdict, the bump, whether prompts are concerned, and whether it is a stranger's."""
    told = {"untrusted": "true" if os.environ["PROMPTOPS_UNTRUSTED"] else "false"}
    if code > _SAYS_NO:
        return {"verdict": "error", "bump": "", "touched": "true", **told}
    value = json.loads((reports / FILES["json"]).read_text("utf-8"))
    touched = "true" if code or _says_anything(value) else "false"
    return {"verdict": value["verdict"], "bump": value["bump"] or "", "touched": touched, **told}


def _says_anything(value: Mapping[str, Any]) -> bool:
    """Whether a report says more than that nothing was to be checked."""
    diff, test, lint = value["diff"] or {}, value["test"] or {}, value["lint"]
    said = (diff.get("prompts"), test.get("cases"), lint["findings"], value.get("risks"))
    return any(said) or bool(lint["summary"]["files"])


def _report(reports: Path, code: int) -> str:
    """What the comment says; where the gate could not judge, there is no report but this."""
    file = reports / FILES["markdown"]
    if code > _SAYS_NO:
        file.write_text(
            f"{MARKER}\n### promptops: not judged\n\nIt ended with exit code {code}; "
            f"[the log of the job]({_address()}) tells why.\n",
            encoding="utf-8",
        )
    return file.read_text("utf-8")


def _address() -> str:
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (os.environ[name] for name in names)
    return f"{server}/{repository}/actions/runs/{run}"


if __name__ == "__main__":
    sys.exit(main())
