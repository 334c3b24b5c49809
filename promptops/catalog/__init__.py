"""All prompts at one revision, and their includes."""
