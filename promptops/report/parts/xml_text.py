"""Escapes text for XML."""

from __future__ import annotations

from html import escape


def attributes(**values: str | int) -> str:
    """The attributes of a tag, each after a space."""
    return "".join(f' {name}="{xml_text(str(value))}"' for name, value in values.items())


def xml_text(shown: str) -> str:
    """Escape visible text, which contains no character that XML forbids."""
    return escape(shown)
