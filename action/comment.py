"""Keeps one comment on a pull request: writes it, and updates it in each later run.

    python comment.py REPORT.md

The comment is found by the report's first line, a hidden marker, and by its author, so that no
other comment is ever changed. A token that may not comment gives a notice, not an error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from github_api import GitHub, Refused
from runner import annotate, log


def main(report: str) -> int:
    """Exits 1 if GitHub failed; the variable TOUCHED is "true" if prompts are affected."""
    text = Path(report).read_text("utf-8")
    number = int(os.environ["PULL_REQUEST"])
    thread = Thread(GitHub.from_environment(), os.environ["GITHUB_REPOSITORY"], number)
    try:
        log(thread.keep(text, begin=os.environ["TOUCHED"] == "true"))
    except Refused as refused:
        return _report(refused)
    return 0


class Thread:
    """The comments of one pull request."""

    def __init__(self, api: GitHub, repository: str, number: int) -> None:
        self._api = api
        self._comments = f"/repos/{repository}/issues/{number}/comments"
        self._one = f"/repos/{repository}/issues/comments"

    def keep(self, text: str, *, begin: bool) -> str:
        """Make `text` the comment; returns what was done.

        Args:
            begin: Write a comment if there is none yet.
        """
        ours = self._ours(text.partition("\n")[0])
        if ours is None and not begin:
            return "no comment: the change touches no prompt"
        if ours is None:
            made = self._api.send("POST", self._comments, {"body": text})
            return f"commented: {made['html_url']}"
        if ours["body"].replace("\r\n", "\n").strip() == text.strip():
            return f"the comment is up to date: {ours['html_url']}"
        self._api.send("PATCH", f"{self._one}/{ours['id']}", {"body": text})
        return f"updated the comment: {ours['html_url']}"

    def _ours(self, marker: str) -> dict[str, Any] | None:
        """Anyone can write the marker; the comment must also be by the token's own account."""
        marked = [
            each
            for each in self._api.every(self._comments)
            if (each["body"] or "").partition("\n")[0].strip() == marker
        ]
        if not marked:
            return None
        viewer = self._api.viewer()
        return next((each for each in marked if (each["user"] or {}).get("login") == viewer), None)


def _report(refused: Refused) -> int:
    if refused.not_allowed:
        why = "as for a pull request of a fork, or without `pull-requests: write`"
        annotate(
            "notice",
            f"no comment: the token may not write one, {why} ({refused}); "
            "the job summary has the same text",
        )
        return 0
    annotate("warning", f"no comment: {refused}; the job summary has the same text")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
