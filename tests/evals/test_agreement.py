"""Cohen's kappa, beside examples worked out by hand."""

import pytest

from promptops.evals.agreement import Agreement, agreement


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], Agreement(anchors=0, agreed=0.0, kappa=None)),
        ([("a", "a")] * 3, Agreement(anchors=3, agreed=1.0, kappa=None)),
        ([("a", "a"), ("b", "b")], Agreement(anchors=2, agreed=1.0, kappa=1.0)),
        ([("a", "b"), ("b", "a")], Agreement(anchors=2, agreed=0.0, kappa=-1.0)),
        ([("a", "a"), ("b", "a")], Agreement(anchors=2, agreed=0.5, kappa=0.0)),
        # 50 proposals, two readers: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no.
        (
            [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15,
            Agreement(anchors=50, agreed=0.7, kappa=0.4),
        ),
        # A verdict that only the judge knows.
        ([("a", "a"), ("b", "")], Agreement(anchors=2, agreed=0.5, kappa=1 / 3)),
    ],
    ids=lambda value: str(value)[:40],
)
def test_kappa_is_agreement_beyond_chance(
    pairs: list[tuple[str, str]], expected: Agreement
) -> None:
    assert agreement(pairs) == expected


@pytest.mark.parametrize(
    ("anchors", "kappa", "may"),
    [(10, 0.6, True), (10, 0.599, False), (9, 1.0, False), (200, None, False)],
)
def test_a_judge_may_gate_from_six_tenths_on_over_ten_anchors(
    anchors: int, kappa: float | None, may: bool
) -> None:
    assert Agreement(anchors=anchors, agreed=1.0, kappa=kappa).may_gate is may
