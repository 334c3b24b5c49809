"""Code that the formats of a test run share."""
