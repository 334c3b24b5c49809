"""Any order and any split of the samples give the same result."""

from __future__ import annotations

import pickle
from random import Random

import pytest

from promptops.commands.score.finishing import finished_groups
from promptops.commands.score.packing import pack_of
from promptops.commands.score.part import PackFacts, PartSettings, joining_of, score_samples
from promptops.commands.score.sums import MOST_NAMES, NameCounts, Partial, duration_at, step_of
from promptops.model.answer import Usage
from promptops.model.score import DEFAULT_BY, BrokenLine, Sample
from promptops.workspace.workspace import workspace
from tests.commands.score.released_prompts import AT, make
from tests.tiers import fast_first

SETTINGS = PartSettings(by=DEFAULT_BY, failures=3)


def drawn(number: int) -> Sample | BrokenLine:
    """A sample, or sometimes a line that can't be read."""
    draw = Random(number)
    if draw.random() < 0.1:
        return BrokenLine(path="a", location="a", offset=number, column=1, message="not JSON")
    reply = '{"reply": "' + "x" * draw.randrange(10, 60) + '"}'
    return Sample(
        id=f"s{number}",
        at=AT + draw.randrange(3) * 86_400,
        prompt=draw.choice(("ask", "old/ask", "other", f"unknown {draw.randrange(5)}")),
        version=draw.choice(("1.0.0", "1.1.0", "")),
        channel=draw.choice(("production", "beta")),
        conversation=f"c{draw.randrange(20)}",
        inputs={"question": f"{'why ' * draw.randrange(4)}?"},
        output=draw.choice((reply, "I can't help with that.", "`" + reply)),
        usage=Usage(input=draw.randrange(100), output=draw.randrange(100)),
        latency_s=draw.lognormvariate(0, 1),
    )


def result(whole: Partial, facts: PackFacts) -> tuple[object, ...]:
    counts = [getattr(whole.counts, name) for name in whole.counts.__slots__]
    kept = (whole.broken, whole.failures.first, whole.unjoined.most_frequent(10))
    return finished_groups(whole, facts), counts, kept


@pytest.mark.parametrize("seed", fast_first(range(3), first=1))
def test_any_order_and_any_split_of_the_samples_give_the_same_result(prepared, seed):
    repo = prepared(make)
    with workspace(repo.root) as opened:
        pack = pack_of(opened, "HEAD", (), SETTINGS).pack
    joining = joining_of(pack)
    facts = joining.facts()
    values = [drawn(number) for number in range(300)]
    together = result(score_samples(values, pack), facts)

    draw = Random(seed)
    draw.shuffle(values)
    whole = Partial(SETTINGS.by, SETTINGS.failures)
    while values:
        size = draw.randrange(1, 120)
        part, values = values[:size], values[size:]
        whole.add_all(pickle.loads(pickle.dumps(score_samples(part, pack))))

    assert result(whole, facts) == together


def test_of_too_many_names_the_same_ones_are_counted_in_any_order():
    names = [f"name {number % (2 * MOST_NAMES)}" for number in range(3 * MOST_NAMES)]
    together, whole = NameCounts(), NameCounts()
    for name in names:
        together.add(name)

    Random(1).shuffle(names)
    for start in range(0, len(names), 5_000):
        part = NameCounts()
        for name in names[start : start + 5_000]:
            part.add(name)
        whole.add_all(part)

    assert whole.counts == together.counts
    assert whole.total == together.total == len(names)
    assert 1_000 < len(whole.counts) <= MOST_NAMES
    assert set(whole.counts.values()) == {1, 2}


def test_a_quantile_of_the_histogram_is_within_two_percent():
    seconds = [0.0001, 0.5, 1.0, 2.0, 4.0, 1e9]
    steps: dict[int, int] = {}
    for each in seconds:
        steps[step_of(each)] = steps.get(step_of(each), 0) + 1

    assert duration_at(steps, 0.5) == pytest.approx(1.0, rel=0.02)
    assert duration_at(steps, 0.8) == pytest.approx(4.0, rel=0.02)
    assert duration_at(steps, 0.01) == pytest.approx(0.001, rel=0.02)
    assert duration_at({}, 0.5) == 0.0
