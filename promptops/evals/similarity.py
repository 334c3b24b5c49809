"""Similarity of two texts, computed by packages of the extra `likeness`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from promptops.errors import UsageError
from promptops.evals.assertion_sets import check_threshold
from promptops.evals.checked_values import LEAST_THRESHOLD, CheckedValues
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Verdict
from promptops.evals.wording import not_blank, shown, to_compare
from promptops.model.distribution import install_command


def package(name: str) -> Any:
    """A module of the extra; raises UsageError if it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        missing = name.partition(".")[0].replace("_", "-")
        raise UsageError(
            f"the package {missing!r} is not installed", hint=install_command("likeness")
        ) from None


def check_likeness(value: str, threshold: float) -> None:
    """Raises Refused for a blank text, and for a threshold that is always or never reached."""
    not_blank(value)
    check_threshold(threshold)


def doubt_threshold(threshold: float, given: CheckedValues) -> Refused | None:
    """Refused for a threshold that unrelated texts reach; otherwise None."""
    if given.negated or threshold >= LEAST_THRESHOLD:
        return None
    message = f"nearly every string reaches {threshold:g}"
    return Refused(message, hint=f"use {LEAST_THRESHOLD:g} or more", at="/threshold")


def likeness(subject: Subject, value: str, degree: float, threshold: float) -> Verdict:
    """The verdict on the similarity to a text, 0 to 1."""
    passed = degree >= threshold
    return Verdict(
        passed=passed,
        expected=f"similarity of at least {threshold:g} to {shown(value)}",
        opposite=f"similarity below {threshold:g} to {shown(value)}",
        where=subject.where,
        got=f"{degree:.2f}: {shown(subject.text)}",
        degree=degree,
        compared=None if passed else to_compare(value, subject.text),
    )
