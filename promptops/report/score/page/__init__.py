"""The page of scored samples: time series, and the views of its template."""
