"""For programs: one object, described by `schemas/verify.schema.json`."""

from __future__ import annotations

from promptops.model.verification import Verification
from promptops.report.parts.json_text import json_text


def write(found: Verification, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(
        {
            "schema": 1,
            "target": found.target,
            "kind": found.kind,
            "passed": found.passed,
            "release": found.release,
            "commit": found.commit or None,
            "content": f"sha256:{found.content}" if found.content else None,
            "bundle": f"sha256:{found.bundle}" if found.bundle else None,
            "signer": found.signer,
            "checks": [
                {
                    "subject": check.subject,
                    "state": check.state,
                    "message": check.message,
                    "hint": check.hint or None,
                }
                for check in found.checks
            ],
        }
    )
