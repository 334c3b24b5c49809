"""Write prompts in the formats of other tools."""
