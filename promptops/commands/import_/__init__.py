"""Read prompts of other tools and write them as prompt files."""
