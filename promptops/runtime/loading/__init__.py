"""Find, download, verify and cache bundles."""
