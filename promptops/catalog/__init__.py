"""All prompts at one revision, and what includes what."""
