NOTES_PROMPT = "Write the notes of a release of the shop's web site from these changes: {changes}"
