"""Mutation testing: break prompts on purpose, and report what no test case notices."""
