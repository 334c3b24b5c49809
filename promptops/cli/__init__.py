"""The command line: arguments, one job, one report, one exit code."""
