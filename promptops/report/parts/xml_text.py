"""Text in XML."""

from __future__ import annotations

from html import escape


def attributes(**values: str | int) -> str:
    """Of a tag, with a blank before each."""
    return "".join(f' {name}="{xml_text(str(value))}"' for name, value in values.items())


def xml_text(shown: str) -> str:
    """Escaped; of visible text, so that no character XML forbids is in it."""
    return escape(shown)
