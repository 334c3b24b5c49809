"""Check test cases: assertions over requests and over answers."""
