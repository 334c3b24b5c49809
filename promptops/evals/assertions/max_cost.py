"""max-cost."""

from __future__ import annotations

from promptops.evals.limits import MOST_USD, check_limit
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Unjudgeable, Verdict
from promptops.records import record


@assertion("max-cost", on=("answer",), narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class MaxCost:
    """The request and its answer cost at most this much.

    The cost is computed from the recorded token counts of the provider and the current price: that
    of the model's profile, otherwise that of the built-in price table. If neither has a price, the
    assertion is in error.

    Attributes:
        value: US dollars.

    Holds:
        price: {input: 0.25, output: 2.0}
        answer: {text: Done., usage: {input: 1000, output: 100}}
        output: [{type: max-cost, value: 0.001}]

    Fails:
        price: {input: 0.25, output: 2.0}
        answer: {text: Done., usage: {input: 1000, output: 1000}}
        output: [{type: max-cost, value: 0.001}]
    """

    value: float

    def __post_init__(self) -> None:
        check_limit(self.value, MOST_USD, "answer costs over $1,000")

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest value that passes."""
        return 0, self.value

    def check(self, subject: Subject) -> Verdict:
        cost = _cost(subject)
        return Verdict(
            passed=cost <= self.value,
            expected=f"at most {_dollars(self.value)}",
            opposite=f"more than {_dollars(self.value)}",
            where="for the request and the answer",
            got=_dollars(cost),
        )


def _cost(subject: Subject) -> float:
    from promptops.evals.cost import answer_cost_usd

    record = subject.record
    usage = record.answer.usage if record.answer else None
    if usage is None or not (usage.input or usage.output):
        raise Unjudgeable("the provider counted no tokens")
    provider, model = (str(record.request.model.get(key, "")) for key in ("provider", "id"))
    cost = answer_cost_usd(usage, provider, model, record.beside.price)
    if cost is None:
        message = f"the price of `{model}` is not known: set `price` of its profile"
        raise Unjudgeable(message)
    return cost


def _dollars(amount: float) -> str:
    return f"${amount:.6f}".rstrip("0").rstrip(".")
