"""Fingerprints identify findings independently of line numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from promptops.model.finding import Finding
from promptops.records import replace

_LONGEST = 2_000


def with_fingerprints(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings by place and fingerprint each: a hash of code, prompt, line and ordinal.

    The ordinal distinguishes equal findings on equal lines of one file.
    """
    findings = list(findings)
    seen: Counter[tuple[str, str, str]] = Counter()
    lines = {finding.source_line: "" for finding in findings}
    for written in lines:
        lines[written] = _shortened(re.sub(r"\s+", " ", written).strip())
    marked = []
    for finding in sorted(findings, key=lambda each: (each.place, each.code, each.message)):
        key = (finding.code, finding.prompt or finding.place.path, lines[finding.source_line])
        marked.append(replace(finding, fingerprint=_digest(*key, str(seen[key]))))
        seen[key] += 1
    return tuple(marked)


def _shortened(line: str) -> str:
    """The cached hash of a line; a long line may have a thousand findings."""
    return line if len(line) <= _LONGEST else _digest(line)


def _digest(*facts: str) -> str:
    import hashlib

    return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
