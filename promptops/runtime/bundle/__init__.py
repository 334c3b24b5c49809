"""The bundle format, and a bundle as an application uses it."""
