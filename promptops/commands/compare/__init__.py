"""Compare models, revisions or prompts on the same test cases."""
