"""What the names in prompts and partials refer to, where else they are used, and their renames."""
