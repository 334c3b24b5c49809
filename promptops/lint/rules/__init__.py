"""One file for each lint rule. The rule's docstring is its documentation page and its tests."""
