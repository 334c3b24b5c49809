"""Lint: rules that check prompts, and the engine that turns their problems into findings."""

from promptops.lint.registry import rule
from promptops.model.finding import Edit, Fix, Problem, Related, Severity

__all__ = ["Edit", "Fix", "Problem", "Related", "Severity", "rule"]
