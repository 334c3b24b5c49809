"""Answers of models: where they are looked up, and how they are kept."""
