"""Keeps one open issue while prompts of a release are drifted.

    python issue.py REPORTS

The folder has `drift.json` and `drift.md`. The issue is created at the first drift, updated in each
later run, and closed after a run in which no prompt is drifted or suspect. It is found by its
label, by the first line of its text, a hidden marker, and by its author, so that no other issue is
ever changed. A token that may not write issues gives a warning, not an error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from github_api import GitHub, Refused
from runner import annotate, log

LABEL = "promptops-drift"
_UNDECIDED = ("suspect", "incomplete")


def main(reports: str) -> int:
    """Exits 1 if GitHub failed."""
    report = Path(reports, "drift.json")
    result = json.loads(report.read_text("utf-8")) if report.exists() else {}
    if "prompts" not in result:
        log("no issue: promptops could not check the release")
        return 0
    text = Path(reports, "drift.md").read_text("utf-8")
    issues = Issues(GitHub.from_environment(), os.environ["GITHUB_REPOSITORY"])
    try:
        log(issues.keep(result, text))
    except Refused as refused:
        return _report(refused)
    return 0


class Issues:
    """The issues of one repository."""

    def __init__(self, api: GitHub, repository: str) -> None:
        self._api = api
        self._all = f"/repos/{repository}/issues"

    def keep(self, result: Mapping[str, Any], text: str) -> str:
        """Create, update or close the issue; returns what was done."""
        ours = self._ours(text.partition("\n")[0])
        if _is_drifted(result):
            wanted = {"title": result["headline"], "body": f"{text}\n{_link()}\n"}
            return self._create(wanted) if ours is None else self._update(ours, wanted)
        if ours is None:
            return "no issue: no prompt drifted"
        if result["exit_code"] or _is_undecided(result):
            return f"the issue stays open, because the run is not clear: {ours['html_url']}"
        return self._close(ours)

    def _ours(self, marker: str) -> dict[str, Any] | None:
        """Anyone can write the marker; the issue must also be by the token's own account."""
        marked = [
            each
            for each in self._api.every(self._all, state="open", labels=LABEL)
            if (each["body"] or "").partition("\n")[0].strip() == marker
        ]
        if not marked:
            return None
        viewer = self._api.viewer()
        return next((each for each in marked if (each["user"] or {}).get("login") == viewer), None)

    def _create(self, wanted: Mapping[str, str]) -> str:
        created = self._api.send("POST", self._all, {**wanted, "labels": [LABEL]})
        return f"opened an issue: {created['html_url']}"

    def _update(self, ours: Mapping[str, Any], wanted: Mapping[str, str]) -> str:
        """A new title means other prompts: only then there is a comment, which notifies people."""
        self._api.send("PATCH", f"{self._all}/{ours['number']}", wanted)
        if ours["title"] != wanted["title"]:
            self._comment(ours, f"Now: {wanted['title']}. {_link()}")
        return f"updated the issue: {ours['html_url']}"

    def _close(self, ours: Mapping[str, Any]) -> str:
        self._comment(ours, f"No prompt is drifted any more. {_link()}")
        self._api.send("PATCH", f"{self._all}/{ours['number']}", {"state": "closed"})
        return f"closed the issue: {ours['html_url']}"

    def _comment(self, ours: Mapping[str, Any], text: str) -> None:
        self._api.send("POST", f"{self._all}/{ours['number']}/comments", {"body": text})


def _is_drifted(result: Mapping[str, Any]) -> bool:
    return any(each["verdict"] == "drifted" for each in _all(result))


def _is_undecided(result: Mapping[str, Any]) -> bool:
    return any(each["verdict"] in _UNDECIDED for each in _all(result))


def _all(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*result["prompts"], *result["profiles"]]


def _link() -> str:
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (os.environ[name] for name in names)
    return f"[The run, with a page of charts]({server}/{repository}/actions/runs/{run})"


def _report(refused: Refused) -> int:
    if refused.not_allowed:
        why = "the token may not write one: the job needs `issues: write`"
        annotate("warning", f"no issue: {why} ({refused}); the job summary has the same text")
        return 0
    annotate("warning", f"no issue: {refused}; the job summary has the same text")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
