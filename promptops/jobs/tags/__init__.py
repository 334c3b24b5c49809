"""The tags of releases as they are in a repository, and their signatures."""
