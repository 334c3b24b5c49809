"""Build, sign, verify and publish bundles."""
