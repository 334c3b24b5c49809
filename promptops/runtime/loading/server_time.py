"""Parse the time after which a server accepts requests again."""

from __future__ import annotations

import re
from math import isfinite

_UNITS_S = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
_PART = r"(\d+(?:\.\d+)?)(ms|us|µs|[dhms])"
_LONGEST = 48
_DATE_BEGINS_AT = 1e9  # as seconds since 1970 that is 2001, as a duration 31 years


def seconds_from(written: str, now_s: float) -> float | None:
    """Seconds from now, for `1s`, `6m0s`, `12`, a Unix time or a date; None for anything else.

    `now_s` is Unix time. A time in the past is 0 seconds from now.
    """
    written = written.strip()
    if len(written) > _LONGEST:
        return None
    if re.fullmatch(rf"(?:{_PART})+", written):
        return sum(float(count) * _UNITS_S[unit] for count, unit in re.findall(_PART, written))
    try:
        number = float(written)
    except ValueError:
        at_s = _date_s(written)
        return None if at_s is None else max(at_s - now_s, 0.0)
    if not isfinite(number) or number < 0:
        return None
    if number >= _DATE_BEGINS_AT * 1000:
        number /= 1000
    return max(number - now_s, 0.0) if number >= _DATE_BEGINS_AT else number


def _date_s(written: str) -> float | None:
    from datetime import datetime
    from email.utils import parsedate_to_datetime

    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return parse(written).timestamp()
        except (ValueError, OverflowError):
            continue
    return None
