"""Decide, from scores alone, whether a candidate is worse, and which of several arms to use."""
