"""Attacks that other tools wrote to a file."""
