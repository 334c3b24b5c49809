"""Bundles: all prompts of a revision in one file of canonical JSON lines."""
