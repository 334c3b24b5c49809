"""What a worker needs to score samples, without a repository: prompts, assertions and settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from typing import Any

from promptops.model.score import Dimension
from promptops.records import field, record

FORMAT = 1


@record(frozen=True, slots=True, kw_only=True)
class PartSettings:
    """How the samples of a part are read and added up; see `ScoreOptions`.

    Attributes:
        judge: Samples of each group to keep for judges.
        only_ids: Nothing is scored; only the ids of the samples are read.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    by: tuple[Dimension, ...]
    share: float = 1.0
    judge: int = 0
    failures: int = 0
    events: bool = False
    content: bool = False
    only_ids: bool = False


@record(frozen=True, kw_only=True)
class Pack:
    """The prompts and their evaluations, and the settings; the same for every part.

    Attributes:
        text: Canonical JSON: `prompts`, `releases`, `versions`, `by_id` and `others`; see
            `packing.pack_of`.
        settings: Not covered by the digest.
    """

    text: str
    settings: PartSettings

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return sha256(self.text.encode()).hexdigest()

    def parsed(self) -> Mapping[str, Any]:
        """The text as JSON data."""
        value: dict[str, Any] = json.loads(self.text)
        return value
