"""The language server: what lint, the catalog and the reports know, in an editor."""
