"""The digest that decides which nights can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.evals.case_assertions import assertions_of
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.testing.plan import PlannedCase


def digest_of(catalog: Catalog, prompt: Prompt, cases: Iterable[PlannedCase]) -> str:
    """SHA-256 of the requests and the assertions of cases, with the code of `python` assertions.

    Judges are not part of it: nights with another judge are compared, so that it is found.
    """
    rows = []
    for planned in cases:
        found = list(assertions_of(planned.case, prompt))
        written = [each.written for each in found]
        code = [_code(catalog, name, each.path) for each in found for name in _python(each.written)]
        rows.append([planned.case.name, planned.digest, written, code])
    whole = {"score": prompt.evaluation.get("score"), "cases": rows}
    text = json.dumps(whole, sort_keys=True, ensure_ascii=True, default=str)
    return sha256(text.encode()).hexdigest()


def _python(written: Any) -> Iterator[str]:
    """The functions that an assertion calls, also inside of a set: `FILE:FUNCTION`."""
    if isinstance(written, Mapping):
        value = written.get("value")
        if str(written.get("type")).removeprefix("not-") == "python" and isinstance(value, str):
            yield value
        yield from _python(value)
    if isinstance(written, list):
        for each in written:
            yield from _python(each)


def _code(catalog: Catalog, function: str, base: str) -> str:
    """SHA-256 of the file of a function; "" if it can't be read."""
    path = function.rpartition(":")[0]
    found = catalog.resolver.follow("template", path, Place(base), base)
    content = None if isinstance(found, Problem) else catalog.files.data(found.target)
    return sha256(content).hexdigest() if content is not None else ""
