"""Charts over a history of nights, computed from its lines."""

from collections import Counter
from random import Random

import pytest

from promptops.evals.deciding.drift import (
    GROSS_Z,
    SAMENESS_Z,
    NightSample,
    chart,
    charts,
    difference_z,
    equal_answers,
    is_learned,
    judge_change,
    level_of,
    pooled_chart,
    sameness_z,
    signalled,
    verdict_on,
)
from promptops.model.night import Confirmed, Night
from promptops.records import replace

WITHIN = 0.06  # of an answer; a night of 50 cases and 3 repeats has a standard error of 2 points


def night(number: int, mean: float | None = 0.9, **values: object) -> Night:
    made = Night(
        at=f"2026-10-01T00:{number // 60:02}:{number % 60:02}Z",
        release="v1",
        prompt="ask",
        digest="0" * 64,
        score="quality",
        n=50,
        k=3,
        mean=mean,
        within=WITHIN,
        kept=148,
        of=150,
        verdict="learning" if number < 10 else "steady",
    )
    return replace(made, **values)


def learned(**values: object) -> list[Night]:
    """Ten nights with a spread of 2 points around 0.9."""
    return [night(n, 0.9 + (0.02 if n % 2 else -0.02), **values) for n in range(10)]


def test_a_level_is_learned_from_ten_nights():
    history = learned()

    early, later = chart(history[:9], "score"), chart([*history, night(10)], "score")

    assert (early.baseline, early.ewma) == (None, None)
    assert later.baseline is not None
    assert (round(later.baseline.mean, 4), later.baseline.nights) == (0.9, 10)
    assert (later.ewma, len(later.points)) == (pytest.approx(0, abs=1e-9), 11)
    assert (is_learned(history[:9]), is_learned(history)) == (False, True)


def test_incomplete_nights_and_losses_while_learning_are_not_learned():
    others = [
        night(20, 0.1, verdict="incomplete"),
        night(21, 0.1, verdict="drifted", confirmed=Confirmed(score=-9.0)),
    ]
    history = [*learned()[:5], *others, *learned()[5:], night(30)]

    found = chart(history, "score")

    assert found.baseline is not None
    assert round(found.baseline.mean, 4) == 0.9
    assert [point.night for point in found.points] == [0, 1, 2, 3, 4, 6, *range(7, 13)]
    assert [point.z for point in found.points][:-1] == [None] * 11


def test_a_loss_is_suspect_and_on_the_next_night_drifted():
    loss = [night(10, 0.8), night(11, 0.8, confirmed=Confirmed(score=-2.5))]
    one = [*learned(), loss[0], replace(loss[1], verdict="suspect")]
    two = [*one, night(12, 0.8, confirmed=Confirmed(score=-2.2))]

    assert verdict_on(chart(one[:-1], "score"), one[:-1]) == "suspect"  # no fresh answers
    assert verdict_on(chart(one, "score"), one) == "suspect"
    assert verdict_on(chart(two, "score"), two) == "drifted"
    assert verdict_on(chart(two, "contracts"), two) == "steady"


def test_a_gross_loss_is_drifted_at_once():
    history = [*learned(), night(10, 0.6, confirmed=Confirmed(score=-4.1))]

    assert verdict_on(chart(history, "score"), history) == "drifted"


def test_fresh_answers_that_do_not_confirm_start_the_average_again():
    signal = night(10, 0.75, confirmed=Confirmed(score=-0.3))
    history = [*learned(), signal, night(11)]

    found = chart(history, "score")

    assert verdict_on(chart(history[:-1], "score"), history[:-1]) == "steady"
    assert [point.reset for point in found.points[-2:]] == [True, False]
    assert found.ewma == pytest.approx(0, abs=1e-9)


def test_the_average_never_counts_gains():
    found = chart([*learned(), *(night(10 + n, 1.0) for n in range(5))], "score")

    assert [point.ewma for point in found.points[10:]] == [0.0] * 5


def test_after_an_accepted_night_the_level_is_learned_again():
    accepted = [*learned(), night(10, 0.5, verdict="accepted")]
    again = [night(20 + n, 0.5, verdict="learning") for n in range(10)]

    assert charts(accepted) == ()
    assert is_learned([*accepted, *again[:9]]) is False
    found = chart([*accepted, *again, night(40, 0.5)], "score")
    assert found.baseline is not None
    assert (found.baseline.mean, len(found.points)) == (0.5, 11)


def test_contracts_have_a_chart_of_their_own():
    history = [*learned(), night(10, kept=120, confirmed=Confirmed(contracts=-7.0))]

    assert [each.name for each in charts(history)] == ["score", "contracts"]
    assert verdict_on(chart(history, "contracts"), history) == "drifted"
    assert verdict_on(chart(history, "score"), history) == "steady"
    without = [replace(each, mean=None, within=None, score=None) for each in history]
    assert [each.name for each in charts(without)] == ["contracts"]


def test_answers_that_never_vary_still_have_a_standard_error():
    alike = [night(n, 1.0, within=0.0, kept=150) for n in range(10)]
    history = [*alike, night(10, 0.98, within=0.0, kept=150)]

    found = chart(history, "score")

    assert found.baseline is not None
    assert round(found.baseline.se, 4) == 0.0049
    assert round(found.points[-1].z or 0, 1) == -4.1


def test_the_pooled_chart_adds_what_single_prompts_do_not_show():
    low = [night(10 + n, 0.87, verdict="steady") for n in range(3)]
    histories = {f"p{n}": [*learned(), *low] for n in range(6)}

    assert verdict_on(chart(histories["p0"], "score"), histories["p0"]) == "steady"
    found = pooled_chart(histories)
    assert (found.signal, found.verdict) == (True, "suspect")
    confirmed = {
        name: [*own[:-2], *(replace(n, confirmed=Confirmed(score=-1.0)) for n in own[-2:])]
        for name, own in histories.items()
    }
    assert pooled_chart(confirmed).verdict == "drifted"
    unconfirmed = {
        name: [*own[:-1], replace(own[-1], confirmed=Confirmed(score=0.5))]
        for name, own in histories.items()
    }
    assert pooled_chart(unconfirmed).verdict == "steady"
    assert pooled_chart({"p0": histories["p0"]}).ewma is None


def test_nights_with_other_repeats_have_their_own_standard_error():
    history = [*learned(), night(10, 0.88, k=1)]

    few, many = chart(history, "score"), chart([*learned(), night(10, 0.88, k=10)], "score")

    assert few.points[-1].z is not None
    assert many.points[-1].z is not None
    assert many.points[-1].z < few.points[-1].z < 0


def test_recordings_that_were_chosen_to_pass_are_no_gross_loss():
    """200 cases, recorded once and all right; the model is right in 96%."""
    recorded = NightSample(1.0, 0.0, 200)

    assert difference_z(NightSample(0.96, 0.0384, 600), recorded) > GROSS_Z
    assert difference_z(NightSample(0.8, 0.16, 600), recorded) < GROSS_Z


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_400_nights_without_a_change_give_hardly_any_alarm(seed):
    draw = Random(seed)
    history: list[Night] = []
    for number in range(400):
        mean = min(1.0, draw.gauss(0.9, (WITHIN / 150) ** 0.5))
        history.append(night(number, mean))
        found = chart(history, "score")
        if signalled(found):
            level = level_of(history, "score")
            assert level is not None
            fresh = NightSample(draw.gauss(0.9, (WITHIN / 600) ** 0.5), WITHIN, 600)
            z = level.confirming_z(fresh, 150)
            history[-1] = replace(history[-1], confirmed=Confirmed(score=z))
            verdict = verdict_on(chart(history, "score"), history)
            history[-1] = replace(history[-1], verdict=verdict)

    count = Counter(each.verdict for each in history)
    assert count["drifted"] <= 1
    assert count["steady"] >= 380


@pytest.mark.parametrize(
    ("share", "blamed"), [(0.61, False), (0.56, False), (0.45, True), (0.0, True)]
)
def test_fewer_equal_answers_show_another_model(share, blamed):
    nights = [equal_answers(0.6 + (0.03 if n % 2 else -0.03), 150) for n in range(10)]

    z = sameness_z(equal_answers(share, 150), nights)

    assert z is not None
    assert (z < SAMENESS_Z) is blamed
    assert sameness_z(equal_answers(share, 150), []) is None


def test_a_judge_changed_if_it_gives_the_same_answers_lower_scores():
    unchanged = judge_change([[0.0]] * 50)
    harsher = judge_change([[-1.0]] * 7 + [[0.0]] * 43)
    noisy = judge_change([[-1.0], [1.0]] * 5 + [[0.0]] * 40)
    milder = judge_change([[1.0]] * 50)

    assert [each and each.is_harsher for each in (unchanged, harsher, noisy, milder)] == [
        False,
        True,
        False,
        False,
    ]
    assert harsher is not None
    assert (harsher.difference, harsher.n, round(harsher.p, 4)) == (-0.14, 50, 0.0034)
    assert judge_change([[-1.0]]) is None
