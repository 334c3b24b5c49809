"""Release tags of a repository, and their signatures."""
