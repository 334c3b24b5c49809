"""The page of attacks."""
