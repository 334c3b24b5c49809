"""One file per assertion, named as it; see evals/registry.py."""
