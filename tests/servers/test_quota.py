"""A quota refuses what is too much, and says truly when the next request passes."""

from __future__ import annotations

import pytest

from tests.servers.answers import OK, Answer
from tests.servers.plans import Quota, Received

ANYTHING = Received(method="POST", path="/v1/x", headers={}, body=b"", at_s=0.0)


def test_a_quota_lets_a_burst_pass_and_fills_again():
    now = [0.0]
    quota = Quota(60, burst=2, clock=lambda: now[0])

    at_once = [quota(ANYTHING) for _ in range(3)]
    now[0] = 0.5
    too_soon = quota(ANYTHING)
    now[0] = 1.0
    in_time = quota(ANYTHING)

    assert [answer.status for answer in [*at_once, too_soon, in_time]] == [200, 200, 429, 429, 200]
    assert at_once[0].headers == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "1",
        "x-ratelimit-reset-requests": "1s",
    }
    assert too_soon.headers == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1.5s",
        "retry-after": "1",
        "retry-after-ms": "500",
    }


def test_a_bucket_never_holds_more_than_its_size():
    now = [0.0]
    quota = Quota(3000, burst=1, clock=lambda: now[0])

    now[0] = 3600.0
    statuses = [quota(ANYTHING).status for _ in range(3)]

    assert statuses == [200, 429, 429]


@pytest.mark.parametrize(
    ("per_minute", "reset"), [(6000, "10ms"), (60, "1s"), (40, "1.5s"), (1, "1m0s")]
)
def test_a_reset_is_written_as_real_servers_write_it(per_minute, reset):
    quota = Quota(per_minute, burst=1, clock=lambda: 0.0)

    assert quota(ANYTHING).headers["x-ratelimit-reset-requests"] == reset


def test_a_silent_quota_only_refuses():
    quota = Quota(1, silent=True, answer=OK, clock=lambda: 0.0)

    assert [quota(ANYTHING) for _ in range(2)] == [OK, Answer(status=429)]
