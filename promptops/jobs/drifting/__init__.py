"""Run the cases of a release against the model of today, every night."""
