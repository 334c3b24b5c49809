"""Prompts in the formats of other tools: read as documents, written as prompt files, and back."""
