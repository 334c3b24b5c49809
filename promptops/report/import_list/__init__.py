"""What an import would read as prompts, one file for each format."""
