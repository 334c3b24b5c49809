"""promptops: prompts as code in git."""
