"""SEC002: personal data; `analysis` finds it, for lint and for test cases alike."""

from promptops.analysis.personal import find_personal_data

__all__ = ["find_personal_data"]
