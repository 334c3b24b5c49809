"""What changed between two catalogs, and the bump that it requires; knows no git."""
