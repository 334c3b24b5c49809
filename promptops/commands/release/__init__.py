"""Plan, check, tag and push a release."""
