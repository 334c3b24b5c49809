"""The history of prompts: log, blame and bisect."""
