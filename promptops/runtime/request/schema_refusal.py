"""What a provider's subset of JSON Schema can't express."""

from __future__ import annotations

from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class SchemaRefusal:
    """One part of a schema that a request format can't express.

    Attributes:
        at: JSON pointer into the schema.
        what: What is refused, to continue the sentence "gemini can't express".
        hint: The fix, or None.
    """

    at: str
    what: str
    hint: str | None = None
