"""Decide, from scores alone, whether a candidate is worse than its baseline."""
