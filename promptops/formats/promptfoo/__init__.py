"""Configurations of promptfoo: prompts, tests, assertions."""
