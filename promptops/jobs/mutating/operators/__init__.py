"""The ways to break a prompt; one file each."""
