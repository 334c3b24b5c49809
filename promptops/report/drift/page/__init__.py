"""The page of a run of `drift`: charts and views."""
