"""Keeps one comment on a pull request: writes it, and at each later run brings it up to date.

    python comment.py REPORT.md

The comment is known by the report's first line, a hidden marker, and by who wrote it, so that
nobody else's is ever touched. Where the token may not comment, that is a notice and no error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from github_api import GitHub, Refused
from runner import annotate, log


def main(report: str) -> int:
    """Exits 1 where GitHub failed; the variable TOUCHED says whether prompts are concerned."""
    text = Path(report).read_text("utf-8")
    number = int(os.environ["PULL_REQUEST"])
    thread = Thread(GitHub.from_environment(), os.environ["GITHUB_REPOSITORY"], number)
    try:
        log(thread.keep(text, begin=os.environ["TOUCHED"] == "true"))
    except Refused as refused:
        return _told(refused)
    return 0


class Thread:
    """The comments of one pull request."""

    def __init__(self, api: GitHub, repository: str, number: int) -> None:
        self._api = api
        self._comments = f"/repos/{repository}/issues/{number}/comments"
        self._one = f"/repos/{repository}/issues/comments"

    def keep(self, text: str, *, begin: bool) -> str:
        """Have the comment say `text`; what was done.

        Args:
            begin: Write one where there is none yet.
        """
        ours = self._ours(text.partition("\n")[0])
        if ours is None and not begin:
            return "no comment: the change touches no prompt"
        if ours is None:
            made = self._api.send("POST", self._comments, {"body": text})
            return f"commented: {made['html_url']}"
        if ours["body"].replace("\r\n", "\n").strip() == text.strip():
            return f"the comment says it already: {ours['html_url']}"
        self._api.send("PATCH", f"{self._one}/{ours['id']}", {"body": text})
        return f"brought the comment up to date: {ours['html_url']}"

    def _ours(self, marker: str) -> dict[str, Any] | None:
        """Anybody can write our marker; only what the token itself wrote is ours."""
        marked = [
            each
            for each in self._api.every(self._comments)
            if (each["body"] or "").partition("\n")[0].strip() == marker
        ]
        if not marked:
            return None
        viewer = self._api.viewer()
        return next((each for each in marked if (each["user"] or {}).get("login") == viewer), None)


def _told(refused: Refused) -> int:
    if refused.not_allowed:
        why = "as for a pull request of a fork, or without `pull-requests: write`"
        annotate(
            "notice",
            f"no comment: the token may not write one, {why} ({refused}); "
            "the summary of the job says the same",
        )
        return 0
    annotate("warning", f"no comment: {refused}; the summary of the job says the same")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
