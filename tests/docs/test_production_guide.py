"""From an alert to the fix: the page followed with a real model, from an empty directory."""

from __future__ import annotations

import pytest

from tests.docs.following import DOCS, follow
from tests.real_model import MODEL, missing, real_model


@pytest.mark.slow
def test_a_failing_request_of_production_becomes_a_case_and_its_cause_is_fixed(tmp_path):
    if reason := missing():
        pytest.skip(reason)
    with real_model() as address:
        served = {"MODEL_URL": address.base_url, "MODEL": MODEL}

        differences = follow(DOCS / "guides" / "production.md", tmp_path / "home", served)

    assert not differences, "\n\n".join(map(str, differences))
