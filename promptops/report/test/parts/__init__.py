"""What several formats of a test run share."""
