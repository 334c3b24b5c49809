"""Set up a repository (configuration, hooks, CI), and diagnose the setup."""
