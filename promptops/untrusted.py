"""PROMPTOPS_UNTRUSTED: whether the change under test may be written by anyone.

Commands read it when they start and pass it on. Code that would run something of the change, or
send its data, reads it again right before: a forgotten argument must not allow it.
"""

from __future__ import annotations

import os

VARIABLE = "PROMPTOPS_UNTRUSTED"
IS_SET = f"{VARIABLE} is set"


def is_untrusted() -> bool:
    """Whether no plug-in and no code of the change may run, and no model may be called."""
    return bool(os.environ.get(VARIABLE))
