"""What is recommended, from the results of all arms."""

from dataclasses import replace

import pytest

from promptops.evals.deciding.decision import CaseScore, Needs, arm_verdict, decide, decide_arm
from promptops.evals.deciding.recommending import (
    CostAndScore,
    concluded,
    cost_change,
    front,
    score_of,
)
from promptops.model.arm import (
    ArmComparison,
    ArmResult,
    ArmTotal,
    ContractDecision,
    KeptContracts,
    PromptComparison,
    Recommendation,
    ValueInterval,
)

ALL = KeptContracts(kept=200, of=200)
FIT = ContractDecision(
    verdict="fit",
    difference=ValueInterval(value=0.0, low=-0.0183, high=0.0),
    cases=200,
    sources=200,
    repeats=1,
    unseen=0.0183,
    margin=0.05,
)
KEEPS = "it loses a contract in none of {} cases (up to 2% could break unseen{})"
IN_ONE = KEEPS.format(200, "")
IN_TWO = KEEPS.format(400, " in `triage`")


def reference(**values):
    return ArmResult(
        **{
            "name": "fast",
            "kind": "model",
            "verdict": "reference",
            "score": 0.9,
            "contracts": ALL,
            "cost_usd_1000": 1.0,
            **values,
        }
    )


def arm(name, verdict="not worse", ratio=0.6, difference=(-0.006, -0.024, 0.012), **values):
    """An arm with the interval of its difference, and its cost as a share of the reference's."""
    value, low, high = difference or (0, 0, 0)
    bounds = ratio and ValueInterval(value=ratio, low=0.9 * ratio, high=1.1 * ratio)
    return ArmResult(
        **{
            "name": name,
            "kind": "model",
            "cases": 200,
            "repeats": 3,
            "verdict": verdict,
            "difference": ValueInterval(value=value, low=low, high=high) if difference else None,
            "contracts": ALL,
            "contract_decision": FIT,
            "cost_usd_1000": ratio,
            "cost_ratio": bounds,
            **values,
        }
    )


def compared(*arms, prompts=1, **values):
    every = (reference(), *arms)
    prompt = PromptComparison(prompt="triage", score="quality", margin=0.03, arms=every)
    return concluded(
        ArmComparison(
            **{
                "reference": "fast",
                "kind": "model",
                "margin": 0.03,
                "share": len(arms),
                "prompts": (prompt,) * prompts,
                "totals": totals(every),
                **values,
            }
        )
    )


def totals(arms):
    return tuple(
        ArmTotal(
            name=each.name,
            cost_usd_1000=each.cost_usd_1000,
            cost_ratio=each.cost_ratio,
            cost_sources=each.cases,
        )
        for each in arms
    )


def recommended(*arms, **values):
    return compared(*arms, **values).recommendation


def test_the_cheapest_fit_arm_is_recommended():
    found = recommended(arm("cheap"), arm("cheaper", "worse", 0.1), arm("fair", ratio=0.8))

    assert found == Recommendation(
        arm="cheap",
        sentence="`cheap` costs 40% less [34, 46] than `fast` and is not worse by more than 3"
        f" points (-0.6 [-2.4, 1.2], n=200 k=3, 3 arms); {IN_ONE}."
        " Write `model: {profile: cheap}`.",
    )


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("model", "Write `model: {profile: v1}`."),
        ("revision", "Use the prompt as of `v1`."),
        ("prompt", "Use the prompt `v1`."),
    ],
)
def test_the_advice_depends_on_what_the_arms_are(kind, advice):
    assert recommended(arm("v1"), kind=kind).sentence.endswith(f" {advice}")


def test_a_better_and_dearer_arm_gets_a_second_sentence_without_advice():
    strong = arm("strong", "better", 1.8, (0.041, 0.01, 0.072))

    both, alone = recommended(arm("cheap"), strong), recommended(strong)

    sentence = "`strong` is better (+4.1 [1.0, 7.2], n=200 k=3, {}) and costs 80% more [62, 98]."
    assert (both.arm, alone.arm) == ("cheap", None)
    assert both.sentence.endswith(
        f" Write `model: {{profile: cheap}}`. {sentence.format('2 arms')}"
    )
    assert alone.sentence == (
        f"no fit arm costs at least 5% less than `fast`. {sentence.format('1 arm')}"
    )


def test_an_arm_that_is_better_and_cheaper_is_recommended_as_better():
    found = recommended(arm("new", "better", 0.5, (0.041, 0.01, 0.072)))

    assert found.sentence == (
        "`new` costs 50% less [45, 55] than `fast` and is better (+4.1 [1.0, 7.2], n=200 k=3,"
        f" 1 arm); {IN_ONE}. Write `model: {{profile: new}}`."
    )


@pytest.mark.parametrize(("ratio", "name"), [(0.95, "cheap"), (0.951, None), (1.2, None)])
def test_an_arm_must_cost_at_least_5_percent_less(ratio, name):
    bounds = ValueInterval(value=ratio, low=ratio - 0.01, high=ratio + 0.01)

    assert recommended(arm("cheap", ratio=ratio, cost_ratio=bounds)).arm == name


def test_an_arm_is_only_recommended_if_its_interval_proves_that_it_costs_less():
    noisy = ValueInterval(value=0.21, low=0.02, high=2.77)
    few = arm("hot", ratio=0.21, cost_ratio=noisy, cases=12)

    alone, beside = recommended(few), recommended(few, arm("cheap"))

    assert (alone.arm, beside.arm) == (None, "cheap")
    assert alone.sentence == (
        "`hot` may cost less than `fast` (79% less [98% less, 2.8 times as much]),"
        " but 12 cases do not prove it"
    )


@pytest.mark.parametrize(("sources", "name"), [(9, None), (10, "cheap")])
def test_below_ten_independent_cases_nothing_is_recommended(sources, name):
    few = arm("cheap", ratio=0.5)
    total = replace(totals([few])[0], cost_sources=sources)

    found = recommended(few, totals=(*totals([reference()]), total))

    assert found.arm == name
    if name is None:
        assert found.sentence == (
            "`cheap` may cost less than `fast` (50% less [45, 55]), but 9 independent cases can't"
            " prove it: at least 10 are needed"
        )


@pytest.mark.parametrize(
    "values",
    [
        {"verdict": "worse"},
        {"verdict": "open"},
        {"stale": 1},
        {"note": "another model answers"},
    ],
)
def test_an_arm_that_is_not_fit_is_never_recommended(values):
    found = compared(arm("cheap", **values))

    assert (found.fit, found.recommendation.arm) == ((), None)


@pytest.mark.parametrize(
    ("arms", "sentence"),
    [
        (
            [
                arm("a", "open", needs="500 cases", cases_needed=500),
                arm("b", "open", needs="340 cases", cases_needed=340),
            ],
            "no arm is proved good enough: about 340 cases would decide",
        ),
        (
            [arm("a", "open", stale=1_200), arm("b", "open", cases_needed=340)],
            "no arm is proved good enough: 1,200 answers missing",
        ),
        (
            [arm("a", "open", needs="3 repeats per case would give a clearer result")],
            "no arm is proved good enough: 3 repeats per case would give a clearer result",
        ),
        (
            [arm("a", "open", needs="even 50,000 cases would not decide", cases_needed=60_000)],
            "no arm is proved good enough: even 50,000 cases would not decide",
        ),
        ([arm("a", "open", note="changed")], "no arm is proved good enough"),
        (
            [arm("a", "worse")],
            "no arm is fit: each is worse than `fast`",
        ),
        (
            [arm("a", ratio=None)],
            "no recommendation by cost: the cost of `a` is unknown",
        ),
    ],
)
def test_without_a_recommendation_the_sentence_has_the_reason(arms, sentence):
    assert recommended(*arms) == Recommendation(arm=None, sentence=sentence)


def test_of_several_prompts_the_one_that_is_not_decided_is_named():
    found = compared(arm("cheap"), prompts=2)
    sort = replace(
        found.prompts[0],
        prompt="mail/sort",
        arms=(reference(stale=0), arm("cheap", "open", needs="61 cases", cases_needed=61)),
    )
    reply = replace(
        sort,
        prompt="mail/reply",
        arms=(reference(stale=0), arm("cheap", "open", needs="90 cases", cases_needed=90)),
    )

    one, two = (
        concluded(replace(found, prompts=(found.prompts[0], *others))).recommendation.sentence
        for others in ([sort], [sort, reply])
    )

    assert one == "no arm is proved good enough: about 61 cases would decide in `mail/sort`"
    assert two == (
        "no arm is proved good enough: about 90 cases would decide in `mail/reply`, and 1 more"
        " prompt is open"
    )


def test_the_reference_without_a_price_is_named():
    every = (replace(reference(), cost_usd_1000=None), arm("local", ratio=None))

    found = recommended(*every[1:], totals=totals(every))

    assert found.sentence == ("no recommendation by cost: the cost of `fast`, `local` is unknown")


def test_an_arm_is_fit_only_if_it_is_fit_in_every_prompt():
    found = compared(arm("cheap"), arm("fair"))
    worse = replace(found.prompts[0], arms=(reference(), arm("cheap", "worse"), arm("fair")))
    unread = replace(found.prompts[0], arms=(reference(),))

    in_one = concluded(replace(found, prompts=(found.prompts[0], worse)))
    in_none = concluded(replace(found, prompts=(found.prompts[0], unread)))

    assert (in_one.fit, in_none.fit) == (("fair",), ())


def test_an_unreadable_prompt_makes_no_arm_worse():
    found = compared(arm("cheap"))
    unread = replace(found.prompts[0], arms=(reference(),))

    sentence = concluded(replace(found, prompts=(unread,))).recommendation.sentence

    assert sentence == "no arm could be compared"


def test_several_prompts_are_summed_up_by_the_greatest_loss():
    found = compared(arm("cheap"), prompts=2)
    other = replace(
        found.prompts[0],
        prompt="reply",
        arms=(reference(), arm("cheap", difference=(-0.012, -0.028, 0.004))),
    )

    sentence = concluded(replace(found, prompts=(found.prompts[0], other))).recommendation.sentence

    assert sentence == (
        "`cheap` costs 40% less [34, 46] than `fast` and is not worse by more than 3 points in 2"
        f" prompts (least in `reply`: -1.2 [-2.8, 0.4], n=200 k=3, 1 arm); {IN_TWO}."
        " Write `model: {profile: cheap}`."
    )


@pytest.mark.parametrize(
    ("cheap", "score"),
    [
        (arm("cheap", difference=None), "quality"),
        (arm("cheap", difference=None), ""),
        (arm("cheap"), ""),  # its requests are the same where nothing is measured
    ],
)
def test_without_a_compared_score_a_fit_arm_is_only_cheaper(cheap, score):
    found = compared(cheap)
    prompt = replace(found.prompts[0], score=score)

    assert concluded(replace(found, prompts=(prompt,))).recommendation == Recommendation(
        arm=None,
        cheaper="cheap",
        sentence="`cheap` costs 40% less [34, 46] than `fast`; too little to say that it is as"
        f" good: no score was compared. I{IN_ONE[1:]}",
    )


@pytest.mark.parametrize(
    ("needs", "missing"),
    [
        ({"needs": "72 cases", "cases_needed": 72}, "about 72 cases would decide"),
        ({}, "2 independent cases, at least 10 are needed"),
    ],
)
def test_on_few_cases_an_open_arm_is_only_cheaper(needs, missing):
    found = recommended(arm("cheap", "open", 0.5, cases=2, **needs), arm("dear", "open", 1.5))

    assert found == Recommendation(
        arm=None,
        cheaper="cheap",
        sentence="`cheap` costs 50% less [45, 55] than `fast`; too little to say that it is as"
        f" good: {missing}",
    )


@pytest.mark.parametrize(
    "values",
    [
        {"verdict": "worse"},
        {"stale": 1},
        {"note": "another model answers"},
        {"ratio": 0.96},
        {"ratio": 1.4},
        {"cost_ratio": ValueInterval(value=0.5, low=0.2, high=1.1)},
        {"cases": 10},
    ],
)
def test_an_arm_that_is_worse_unfinished_or_not_cheaper_is_not_named_cheaper(values):
    few = {"verdict": "open", "cases": 2, **values}

    assert recommended(arm("cheap", **few)).cheaper is None


def test_a_prompt_without_contracts_has_none_to_lose():
    found = recommended(arm("cheap", contract_decision=None))

    assert "; it has no contract to lose. Write" in found.sentence


def test_the_contracts_of_several_prompts_are_summed_up_by_what_could_break_unseen():
    found = compared(arm("cheap"))
    few = replace(FIT, cases=80, sources=80, lost=("photo",), unseen=0.0481)
    other = replace(
        found.prompts[0],
        prompt="reply",
        arms=(reference(), arm("cheap", contract_decision=few)),
    )

    sentence = concluded(replace(found, prompts=(found.prompts[0], other))).recommendation.sentence

    claim = "it loses a contract in 1 of 280 cases (up to 5% could break unseen in `reply`)"
    assert claim in sentence


def test_cases_whose_inputs_the_arm_does_not_accept_are_mentioned():
    found = recommended(arm("cheap", unpaired=("photo", "empty")))

    assert f"{IN_ONE}, but does not accept the inputs of 2 cases. Write" in found.sentence


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        ((0.6, 0.55, 0.65), "40% less [35, 45]"),
        ((1.8, 1.6, 2.02), "80% more [60, 102]"),
        ((0.97, 0.9, 1.04), "3% less [10% less, 4% more]"),
        ((1.2, 0.99, 2.1), "20% more [1% less, 2.1 times as much]"),
        ((2.5, 0.8, 7.0), "2.5 times as much [20% less, 7.0 times as much]"),
        ((1.0, 1.0, 1.0), "0% less [0, 0]"),
        ((1.994, 1.9, 2.1), "99% more [90, 110]"),
        ((2.0, 1.9, 2.1), "2.0 times as much [1.9, 2.1]"),
        ((16.34, 15.67, 17.05), "16.3 times as much [15.7, 17.1]"),
        ((0.0, 0.0, 0.0), "100% less [100, 100]"),
        ((3.0, 1e-20, 1e20), "3.0 times as much [100% less, over 1,000 times as much]"),
    ],
)
def test_a_ratio_is_shown_in_percent_or_times(bounds, text):
    value, low, high = bounds

    assert cost_change(ValueInterval(value=value, low=low, high=high)) == text


@pytest.mark.parametrize(
    ("points", "names"),
    [
        ([], ()),
        ([("a", 1, 0.9)], ("a",)),
        ([("dear", 2, 0.9), ("cheap", 1, 0.9)], ("cheap",)),
        ([("good", 2, 0.95), ("cheap", 1, 0.9), ("bad", 1.5, 0.8)], ("cheap", "good")),
        ([("a", 1, 0.9), ("b", 1, 0.9)], ("a", "b")),
        ([("a", 1, 0.9), ("b", 1, 0.8)], ("a",)),
    ],
)
def test_the_front_has_the_arms_that_none_beats_in_both(points, names):
    found = front(CostAndScore(name=name, cost=cost, score=score) for name, cost, score in points)

    assert found == names


def test_an_arm_with_missing_answers_is_not_on_the_front():
    found = compared(arm("cheap"), arm("cheaper", "open", 0.2, stale=3))

    assert found.pareto == found.prompts[0].pareto == ("cheap", "fast")


def test_a_score_is_never_over_100_points():
    prompt = compared(arm("new", "better", difference=(0.12, 0.08, 0.16))).prompts[0]

    assert score_of(prompt.arms[1], prompt) == 1.0


def test_nothing_compared_has_no_recommendation():
    assert compared(prompts=0).recommendation is None


@pytest.mark.parametrize(
    ("verdict", "low", "expected"),
    [
        ("pass", -0.02, "not worse"),
        ("pass", 0.0, "not worse"),
        ("pass", 0.001, "better"),
        ("fail", -0.1, "worse"),
        ("inconclusive", -0.1, "open"),
    ],
)
def test_a_decision_is_a_verdict_on_an_arm(verdict, low, expected):
    decision = replace(decide(same(200), 1), verdict=verdict, low=low)

    assert arm_verdict(decision) == expected


def test_the_alphas_of_the_looks_are_divided_by_the_number_of_arms():
    cases = [*same(180), *lost(20)]

    alone, among_four = decide(cases, 1), decide(cases, 1, share=4)

    assert alone.difference == among_four.difference
    assert among_four.low < alone.low < alone.high < among_four.high
    assert among_four.smallest_visible > alone.smallest_visible


@pytest.mark.parametrize("share", [0, -1])
def test_a_share_below_one_is_refused(share):
    with pytest.raises(ValueError, match=f"the share is {share}, not at least 1"):
        decide(same(3), 1, share=share)


def test_suspect_cases_of_an_arm_get_no_fresh_answers():
    cases = [*same(60), *lost(2)]

    assert decide(cases, 3).needs == Needs(suspects=("lost-0", "lost-1"), fresh=8)
    needs = decide_arm(cases, 3, share=2).needs
    assert needs.suspects == ()
    assert needs.cases > 62


def same(count):
    return [
        CaseScore(name=f"same-{n}", baseline=(1.0,) * 6, candidate=(1.0,) * 6) for n in range(count)
    ]


def lost(count):
    return [
        CaseScore(name=f"lost-{n}", baseline=(1.0,) * 6, candidate=(0.0,) * 6) for n in range(count)
    ]


def test_more_cases_are_not_asked_for_where_an_arm_is_refuted_by_another_prompt():
    unsure = PromptComparison(
        prompt="ask",
        score="quality",
        margin=0.03,
        arms=(reference(), arm("cheap", "open", needs="3 repeats", cases_needed=None)),
    )
    lost = PromptComparison(
        prompt="say", margin=0.03, arms=(reference(score=None), arm("cheap", "worse"))
    )

    found = compared(arm("cheap"), prompts=0)
    found = concluded(replace(found, prompts=(unsure, lost)))

    assert found.recommendation == Recommendation(
        arm=None, sentence="no arm is fit: each is worse than `fast`"
    )


def test_a_reference_that_costs_nothing_can_not_be_undercut():
    free = (reference(cost_usd_1000=0.0), arm("cheap", ratio=None))
    prompt = PromptComparison(prompt="ask", score="quality", margin=0.03, arms=free)

    found = compared(arm("cheap"), prompts=0)
    found = concluded(replace(found, prompts=(prompt,), totals=totals(free)))

    assert found.recommendation == Recommendation(
        arm=None, sentence="no recommendation by cost: `fast` costs nothing"
    )
