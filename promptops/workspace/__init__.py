"""A repository opened at one revision: configuration, catalog, a selection of its prompts."""
