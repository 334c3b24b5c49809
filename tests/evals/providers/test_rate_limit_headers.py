"""Limits are read in every spelling that is in use, and nothing is made of nonsense."""

from __future__ import annotations

import pytest

from promptops.evals.http_api import rate_limits, retry_after_s
from promptops.evals.providers import RateLimits, Window

NOW_S = 1_767_225_600.0  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("headers", "limits"),
    [
        ({}, RateLimits()),
        (
            {
                "x-ratelimit-limit-requests": "3000",
                "x-ratelimit-remaining-requests": "2999",
                "x-ratelimit-reset-requests": "20ms",
                "x-ratelimit-limit-tokens": "150000",
                "x-ratelimit-remaining-tokens": "149000",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            RateLimits(
                requests=Window(limit=3000, remaining=2999, reset_s=0.02),
                tokens=Window(limit=150000, remaining=149000, reset_s=360.0),
            ),
        ),
        (
            {
                "anthropic-ratelimit-requests-limit": "50",
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:30Z",
            },
            RateLimits(requests=Window(limit=50, remaining=0, reset_s=30.0)),
        ),
        (
            {
                "x-ratelimit-limit": "20",
                "x-ratelimit-remaining": "3",
                "x-ratelimit-reset": "1767225605000",
            },
            RateLimits(requests=Window(limit=20, remaining=3, reset_s=5.0)),
        ),
        (
            {
                "ratelimit-limit": "100, 100;w=60",
                "ratelimit-remaining": "7",
                "ratelimit-reset": "9",
            },
            RateLimits(requests=Window(limit=100, remaining=7, reset_s=9.0)),
        ),
        ({"x-ratelimit-limit-requests": "0"}, RateLimits()),
        ({"x-ratelimit-limit-requests": "9" * 4000}, RateLimits()),
        (
            {
                "x-ratelimit-limit-requests": "5",
                "x-ratelimit-remaining-requests": "many",
                "x-ratelimit-reset-requests": "soon",
            },
            RateLimits(requests=Window(limit=5)),
        ),
    ],
)
def test_limits_are_read_in_their_spellings(headers, limits):
    assert rate_limits(headers, NOW_S) == limits


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "1", "retry-after-ms": "20"}, 0.02),
        ({"retry-after": "Thu, 01 Jan 2026 00:01:00 GMT"}, 60.0),
        ({"retry-after": "Wed, 31 Dec 2025 00:00:00 GMT"}, 0.0),
        ({"retry-after": "1h2m3.5s"}, 3723.5),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1" * 400}, None),
        ({"retry-after": "later"}, None),
        ({"retry-after": "1s" * 40 + "!"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_how_long_to_wait_is_read_in_its_spellings(headers, seconds):
    assert retry_after_s(headers, NOW_S) == seconds
