"""What programs read of a comparison."""

import json
from dataclasses import replace

import pytest

from promptops.model.arm import Recommendation
from promptops.report.data_text import write_json
from tests.output_schemas import validate
from tests.report.compare.comparisons import COMPARISONS, recommended
from tests.report.compare.hostile_comparisons import hostile

MAKERS = {**COMPARISONS, "hostile": hostile}


@pytest.mark.parametrize("name", MAKERS)
def test_json_is_valid_by_its_schema(name):
    validate("compare", json.loads(write_json(MAKERS[name]())))


def test_strings_are_complete_but_for_lone_surrogates():
    text = "\ud800 \u202e <b>"
    found = replace(recommended(), recommendation=Recommendation(arm=text, sentence=text))

    value = json.loads(write_json(found))

    assert value["recommendation"] == {
        "arm": "\\ud800 \u202e <b>",
        "sentence": "\\ud800 \u202e <b>",
        "cheaper": None,
    }
