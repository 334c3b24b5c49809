"""Every rule's own examples: the bad ones fire, the good ones are quiet."""

import pytest

from promptops.lint.examples import blocks, findings
from promptops.lint.registry import Rule, built_in

RULES = tuple(built_in().values())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_fires_on_its_bad_examples(rule: Rule) -> None:
    bad = list(blocks(rule, "Bad"))

    fired = [{finding.code for finding in findings(rule, block)} for block in bad]

    assert bad
    assert fired == [{rule.code}] * len(bad)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_is_quiet_on_its_good_examples(rule: Rule) -> None:
    good = list(blocks(rule, "Good"))

    fired = [[finding.message for finding in findings(rule, block)] for block in good]

    assert good
    assert fired == [[]] * len(good)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_in_one_line_what_it_wants(rule: Rule) -> None:
    first, blank, *rest = rule.documentation.splitlines()

    assert first.endswith(".")
    assert (len(first) <= 88, blank) == (True, "")
    assert rest
