"""Lint: rules over prompts, and the engine that makes findings of what they say."""

from promptops.lint.registry import rule
from promptops.model.finding import Edit, Fix, Problem, Related, Severity

__all__ = ["Edit", "Fix", "Problem", "Related", "Severity", "rule"]
