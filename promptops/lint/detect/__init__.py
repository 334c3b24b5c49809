"""Detects problems in text: one file for each kind, pure functions without prompts or files."""
