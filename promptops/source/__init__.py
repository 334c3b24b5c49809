"""Parses files to values with places: YAML, case files, schemas, configuration.

Nothing here raises for the content of a prompt file; only a configuration that can't be parsed
stops a command.
"""
