"""Jinja's environment, which applies filters and tests; imported for templates that use some.

It imports most of Jinja, which costs a third of the first rendering.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2.runtime import Context, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import _PassArg

from promptops.runtime.template.filter_costs import admitted, tested
from promptops.runtime.template.filters import allowed_filters, allowed_tests
from promptops.runtime.template.limits import Meter
from promptops.runtime.template.values import lookup


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """The one environment: strict, sandboxed, deterministic, without globals or loader."""

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,
            cache_size=0,
        )
        self.globals.clear()
        self.filters = allowed_filters()
        # The filters that receive only the value and the arguments.
        self._plain_filters = {
            name: apply for name, apply in self.filters.items() if _PassArg.from_obj(apply) is None
        }
        self.tests.clear()
        self.tests.update(allowed_tests())

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Attributes are keys: the context is JSON data, whose methods must not be reachable."""
        return lookup(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Like `getattr`; filters such as `map(attribute=…)` use it."""
        return lookup(obj, argument)

    def call_filter(  # noqa: PLR0917 -- Jinja's signature
        self,
        name: str,
        value: Any,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        context: Any = None,
        eval_ctx: Any = None,
    ) -> Any:
        """Apply a filter, and charge for it; `map` and similar filters use it for each item."""
        meter, args, kwargs = context.meter, args or (), kwargs or {}
        value = admitted(name, value, args, kwargs, meter)
        apply = self._plain_filters.get(name)
        if apply is None:
            result = super().call_filter(name, value, args, kwargs, context, eval_ctx)
        else:
            result = apply(value, *args, **kwargs)
        return meter.sized(result)

    def call_test(  # noqa: PLR0917 -- Jinja's signature
        self,
        name: str,
        value: Any,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        context: Any = None,
        eval_ctx: Any = None,
    ) -> Any:
        """Apply a test, and charge for it; `select` and similar filters use it for each item."""
        args, kwargs = tested(name, value, args or (), kwargs or {}, context.meter)
        return super().call_test(name, value, args, kwargs, context, eval_ctx)


class MeteredContext(Context):
    """The context that Jinja passes to filters; it has only the meter of the run."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(ENVIRONMENT, {}, None, {})
        self.meter = meter


ENVIRONMENT = TemplateEnvironment()
