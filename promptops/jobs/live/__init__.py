"""A warm catalog: a repository that stays open while its files change."""
