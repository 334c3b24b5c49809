"""SEC001: what looks like a secret; `analysis` finds it, for lint and for test cases alike."""

from promptops.analysis.secrets import find_secrets

__all__ = ["find_secrets"]
