"""Where bundles come from: one file for each kind of source; those in git are in `jobs`."""
