"""The command line: it parses arguments, runs one job, writes the report and sets the exit code."""
