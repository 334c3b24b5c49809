"""The small repository and its command line, for the tests of each command."""

from tests.command_line import golden, process, say, small

__all__ = ["golden", "process", "say", "small"]
