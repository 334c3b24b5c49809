"""Configuration to paste to accept a breaking change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from promptops.counting import counted
from promptops.model.bump import Bump
from promptops.model.change import Change, PromptDiff
from promptops.repo.process import decode
from promptops.repo.repository import Repository

SHOWN = 5
LASTS = timedelta(days=90)


def waiver_lines(
    repository: Repository, prompts: Sequence[PromptDiff], bump: Bump
) -> tuple[str, ...]:
    """A `[[diff.waivers]]` in TOML for each break above a bump, with an empty reason to fill in."""
    breaks = [(p, c) for p in prompts for c in p.changes if c.breaking and c.bump > bump]
    lines = [line for each in breaks[:SHOWN] for line in _block(repository, *each)]
    rest = len(breaks) - SHOWN
    return (*lines, *((f"# and {counted(rest, 'more break')}",) if rest > 0 else ()))


def _block(repository: Repository, prompt: PromptDiff, change: Change) -> Iterator[str]:
    who = decode(repository.git.ask("config", "--get", "user.email").stdout).strip()
    expires = datetime.now(UTC).date() + LASTS
    yield f"[[diff.waivers]]  # {prompt.id}: {change.code} {change.message}"
    yield f'fingerprint = "{change.fingerprint}"'
    yield 'reason = ""'
    yield f"who = {json.dumps(who, ensure_ascii=False)}"
    yield f"expires = {expires}"
