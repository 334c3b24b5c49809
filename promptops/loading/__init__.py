"""Load bundles from git repositories."""
