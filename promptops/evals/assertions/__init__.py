"""The built-in assertions, by family; see evals/registry.py."""
