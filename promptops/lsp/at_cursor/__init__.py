"""What a position in a file means: completion and hover start here."""
