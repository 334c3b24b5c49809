"""Set up a repository: configuration, hooks, CI, and what is wrong with the setup."""
