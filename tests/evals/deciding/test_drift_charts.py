"""Charts over a history of nights, computed from its lines."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from promptops.evals.deciding.drift import (
    SAMENESS_Z,
    NightSample,
    chart,
    charts,
    equal_answers,
    is_learned,
    judge_change,
    last_night_needs_fresh,
    least_variance,
    level_of,
    may_confirm,
    night_on,
    one_night_a_day,
    pooled_chart,
    sameness_z,
    sample_of,
    verdict_on,
)
from promptops.model.night import Confirmed, Night
from promptops.records import replace

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
WITHIN = 0.06  # of an answer; a night of 50 cases and 3 repeats has a standard error of 2 points


def night(number: int, mean: float | None = 0.9, **values: object) -> Night:
    made = Night(
        at=(FIRST + timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
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


def learned(sign: int = 1) -> list[Night]:
    """Ten nights with a spread of 2 points around 0.9."""
    return [night(n, 0.9 + sign * (0.02 if n % 2 else -0.02)) for n in range(10)]


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
    loss = [night(10, 0.79), night(11, 0.79, confirmed=Confirmed(score=-2.5))]
    one = [*learned(), loss[0], replace(loss[1], verdict="suspect")]
    two = [*one, night(12, 0.79, confirmed=Confirmed(score=-2.2))]

    assert verdict_on(one[:-1], "score") == "suspect"  # no fresh answers
    assert verdict_on(one, "score") == "suspect"
    assert verdict_on(two, "score") == "drifted"
    assert verdict_on(two, "contracts") == "steady"


def test_a_gross_loss_is_drifted_at_once():
    gross = [*learned(), night(10, 0.6, confirmed=Confirmed(score=-6.1))]
    less = [*learned(), night(10, 0.6, confirmed=Confirmed(score=-5.9))]

    assert (verdict_on(gross, "score"), verdict_on(less, "score")) == ("drifted", "suspect")


def test_a_drifted_chart_needs_no_fresh_answers_until_its_average_is_above_the_limit():
    drifted = [*learned(), night(10, 0.6, confirmed=Confirmed(score=-9.0), verdict="drifted")]
    back = [*drifted, *(night(11 + n, 0.9) for n in range(6))]
    lost_again = [*back, night(17, 0.6)]

    points = chart(lost_again, "score").points[10:]

    assert [point.verdict for point in points] == ["drifted"] * 5 + ["steady"] * 2 + ["suspect"]
    assert [point.needs_fresh for point in points] == [True] + [False] * 6 + [True]
    assert last_night_needs_fresh(lost_again, "score")


@pytest.mark.parametrize(
    ("fresh", "verdict"), [(None, "suspect"), (-3.9, "learning"), (-4.1, "drifted")]
)
def test_while_a_level_is_learned_only_a_gross_loss_needs_fresh_answers(fresh, verdict):
    less, gross = night(3, 0.78, verdict="learning"), night(3, 0.7, verdict="learning")
    confirmed = Confirmed(score=fresh) if fresh is not None else None

    assert not last_night_needs_fresh([*learned()[:3], less], "score")
    assert last_night_needs_fresh([*learned()[:3], gross], "score")
    assert not last_night_needs_fresh([gross], "score")  # the first night never alarms
    history = [*learned()[:3], replace(gross, confirmed=confirmed)]
    assert verdict_on(history, "score") == verdict
    assert verdict_on(history, "contracts") == "learning"


def test_a_loss_that_drifted_while_a_level_is_learned_needs_no_fresh_answers_again():
    first = night(3, 0.7, confirmed=Confirmed(score=-9.0), verdict="drifted")
    again = [*learned()[:3], first, night(4, 0.7, verdict="learning")]
    back = [*again[:-1], night(4, 0.9, verdict="learning"), night(5, 0.7, verdict="learning")]

    assert (last_night_needs_fresh(again, "score"), verdict_on(again, "score")) == (
        False,
        "drifted",
    )
    assert (last_night_needs_fresh(back, "score"), verdict_on(back, "score")) == (True, "suspect")


def test_four_of_thirty_nights_have_fresh_answers():
    asked = [night(n, confirmed=Confirmed()) for n in range(4)]
    later = [night(4 + n) for n in range(25)]

    assert may_confirm(asked[:3])
    assert not may_confirm(asked)
    assert not may_confirm([*asked, *later])
    assert may_confirm([*asked, *later, night(29)])


def test_a_day_has_one_night_and_an_incomplete_one_replaces_no_other():
    first, second = night(1), replace(night(1), at="2026-01-02T05:00:00Z")
    third = replace(night(1, verdict="incomplete"), at="2026-01-02T06:00:00Z")
    accepted = replace(night(1, verdict="accepted"), at="2026-01-02T07:00:00Z")
    after = replace(night(1), at="2026-01-02T08:00:00Z")

    found = one_night_a_day([night(0), first, second, third, accepted, after, night(2)])

    assert found == [night(0), second, accepted, after, night(2)]
    assert one_night_a_day([third, first]) == [first]
    assert [night_on(found[: n + 1], "2026-01-02") for n in range(5)] == [
        None,
        second,
        None,
        after,
        None,
    ]


def test_one_answer_to_each_case_varies_as_a_share_does():
    one = sample_of(night(0, 0.9, k=1, within=0.0), "score")
    all_right = sample_of(night(0, 1.0, k=1, within=0.0), "score")

    assert one is not None
    assert all_right is not None
    assert (round(one.within, 4), one.size) == (0.0962, 50)
    assert all_right.within == pytest.approx(least_variance(50))


def test_fresh_answers_that_do_not_confirm_start_the_average_again():
    signal = night(10, 0.75, confirmed=Confirmed(score=-0.3))
    history = [*learned(), signal, night(11)]

    found = chart(history, "score")

    assert verdict_on(history[:-1], "score") == "steady"
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
    assert verdict_on(history, "contracts") == "drifted"
    assert verdict_on(history, "score") == "steady"
    without = [replace(each, mean=None, within=None, score=None) for each in history]
    assert [each.name for each in charts(without)] == ["contracts"]


def test_answers_that_never_vary_still_have_a_standard_error():
    alike = [night(n, 1.0, within=0.0, kept=150) for n in range(10)]
    history = [*alike, night(10, 0.98, within=0.0, kept=150)]

    found = chart(history, "score")

    assert found.baseline is not None
    assert round(found.baseline.se, 4) == 0.0116  # one point of it is the noise of a night
    assert round(found.points[-1].z or 0, 1) == -1.7


def test_the_pooled_chart_adds_what_single_prompts_do_not_show():
    low = [night(10 + n, 0.87, verdict="steady") for n in range(4)]
    histories = {f"p{n}": [*learned(-1 if n % 2 else 1), *low] for n in range(6)}

    assert verdict_on(histories["p0"], "score") == "steady"
    found = pooled_chart(histories)
    assert (found.needs_fresh, found.verdict) == (True, "suspect")
    confirmed = {
        name: [*own[:-2], *(replace(n, confirmed=Confirmed(score=-1.5)) for n in own[-2:])]
        for name, own in histories.items()
    }
    assert pooled_chart(confirmed).verdict == "drifted"
    unconfirmed = {
        name: [*own[:-1], replace(own[-1], confirmed=Confirmed(score=0.5))]
        for name, own in histories.items()
    }
    assert pooled_chart(unconfirmed).verdict == "steady"
    assert pooled_chart({"p0": histories["p0"]}).ewma is None


def test_the_pooled_chart_allows_for_the_noise_that_prompts_shared_while_they_learned():
    low = [night(10 + n, 0.87, verdict="steady") for n in range(30)]
    histories = {f"p{n}": [*learned(), *low] for n in range(6)}

    found = pooled_chart(histories)

    assert found.ewma is not None
    assert (found.verdict, round(found.ewma, 2)) == ("suspect", -1.42)


def test_nights_with_other_repeats_have_their_own_standard_error():
    history = [*learned(), night(10, 0.88, k=1)]

    few, many = chart(history, "score"), chart([*learned(), night(10, 0.88, k=10)], "score")

    assert few.points[-1].z is not None
    assert many.points[-1].z is not None
    assert many.points[-1].z < few.points[-1].z < 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_400_nights_without_a_change_give_hardly_any_alarm(seed):
    draw = Random(seed)
    history: list[Night] = []
    for number in range(400):
        mean = min(1.0, draw.gauss(0.9, (WITHIN / 150) ** 0.5))
        history.append(night(number, mean))
        if last_night_needs_fresh(history, "score"):
            level = level_of(history, "score")
            assert level is not None
            fresh = NightSample(draw.gauss(0.9, (WITHIN / 600) ** 0.5), WITHIN, 600)
            z = level.confirming_z(fresh, 150)
            history[-1] = replace(history[-1], confirmed=Confirmed(score=z))
            verdict = verdict_on(history, "score")
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
