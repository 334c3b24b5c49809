"""Runs the gate with all formats, and passes its exit code to the last step of the job.

    python check.py

It exits 0 itself, so that comment, summary and artifacts are written for every verdict.
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
_FAILED = 1  # exit codes of promptops
_GIT = 4


def main() -> int:
    """Exits 2 if the gate must not run."""
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
        return "pull_request_target gives untrusted changes a token: use pull_request"
    if os.environ["BASE"].startswith("-"):
        return "`base` must be a revision, which can't begin with `-`"
    return ""


def _check(reports: Path) -> int:
    base = _base()
    log(f"compared with {base}" if base else "everything is checked: nothing to compare with")
    # The commit, not the files on disk: git attributes may change files on checkout.
    judged = [f"--since={base}"] if base else ["--at=HEAD"]
    formats = [f"--format={name}={reports / file}" for name, file in FILES.items()]
    command = [os.environ["PROMPTOPS"], "check", *judged, "--format=github", *formats]
    code = subprocess.run(command, check=False).returncode
    return code if code >= 0 else 128 - code


def _base() -> str:
    """The revision to compare with, or "" if there is none.

    BEFORE is the commit of the branch before the push: all zeros for a new branch, and missing in
    the checkout after a forced push.
    """
    base, before = os.environ["BASE"], os.environ["BEFORE"]
    if base or not before:
        return base
    asked = _git("cat-file", "-e", f"{before}^{{commit}}")
    return before if asked.returncode == 0 else ""


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], check=False, capture_output=True, encoding="utf-8")


def _outcome(reports: Path, code: int) -> dict[str, str]:
    """The verdict, the bump, whether prompts are affected, and whether the change is untrusted."""
    trust = {"untrusted": "true" if os.environ["PROMPTOPS_UNTRUSTED"] else "false"}
    if code > _FAILED:
        return {"verdict": "error", "bump": "", "touched": "true", **trust}
    value = json.loads((reports / FILES["json"]).read_text("utf-8"))
    touched = "true" if code or _has_content(value) else "false"
    bump = value["diff"]["bump"] if value["diff"] else ""
    return {"verdict": value["verdict"], "bump": bump, "touched": touched, **trust}


def _has_content(value: Mapping[str, Any]) -> bool:
    """Whether a report contains more than that there was nothing to check."""
    diff, lint = value["diff"] or {"prompts": []}, value["lint"]
    found = (diff["prompts"], value["test"]["cases"], lint["findings"], value["risks"])
    return any(found) or bool(lint["files"])


def _report(reports: Path, code: int) -> str:
    """The text of the comment; if the gate could not decide, there is no other report."""
    file = reports / FILES["markdown"]
    if code > _FAILED:
        file.write_text(
            f"{MARKER}\n### promptops: no verdict\n\nIt exited with code {code}; "
            f"see [the log of the job]({_address()}).\n",
            encoding="utf-8",
        )
    return file.read_text("utf-8")


def _address() -> str:
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (os.environ[name] for name in names)
    return f"{server}/{repository}/actions/runs/{run}"


if __name__ == "__main__":
    sys.exit(main())
