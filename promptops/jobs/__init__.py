"""One package for each feature: opens the revision, calls the packages below, returns values."""
