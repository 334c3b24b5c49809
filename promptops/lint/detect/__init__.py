"""What can be wrong in a text: pure functions, no prompt, no file, no engine; one file each."""
