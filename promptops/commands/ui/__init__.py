"""The workbench: find, change, try and save prompts in a browser, without git or an editor."""
