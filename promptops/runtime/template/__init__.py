"""Parse and run templates."""
