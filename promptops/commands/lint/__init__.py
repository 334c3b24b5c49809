"""Lint a revision, with cache and baseline, and fix findings."""
