"""Without the extra `likeness`, what needs it says what to install."""

import sys
from typing import Any

import pytest

from promptops.errors import UsageError
from promptops.evals.assertions import likeness
from tests.evals.answers import judged


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [
        ("ratio", "rapidfuzz.fuzz", "rapidfuzz"),
        ("rouge", "rouge_score.rouge_scorer", "rouge-score"),
        ("chrf", "sacrebleu.metrics.chrf", "sacrebleu"),
    ],
)
def test_a_missing_package_is_named(
    name: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing: dict[str, Any] = {module: None}
    monkeypatch.setattr(sys, "modules", {**sys.modules, **missing})
    likeness._chrf_scorer.cache_clear()
    likeness._rouge_scorer.cache_clear()

    with pytest.raises(UsageError) as error:
        judged({"answer": "x", "output": [{"type": name, "value": "x"}]})

    assert error.value.message == f"the package {package!r} is not installed"
    assert error.value.hint == (
        "pip install 'rapidfuzz>=3.14' 'rouge-score>=0.1.2' 'sacrebleu>=2.6'"
    )


@pytest.mark.parametrize("name", ["ratio", "rouge", "chrf"])
@pytest.mark.parametrize(("answer", "degree"), [("ten seconds", 1.0), ("", 0.0)])
def test_the_same_text_is_as_like_as_can_be_and_nothing_is_not(
    name: str, answer: str, degree: float
) -> None:
    verdict, *_ = judged(
        {"answer": answer, "output": [{"type": name, "value": "ten seconds", "threshold": 1}]}
    )

    assert verdict.degree == pytest.approx(degree)
    assert verdict.status == ("passed" if degree else "failed")
