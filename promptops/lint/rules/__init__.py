"""One file for each lint rule; its docstring is its page and its tests."""
