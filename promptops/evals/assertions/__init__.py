"""The built-in assertions: one file per assertion, named after it; see evals/registry.py."""
