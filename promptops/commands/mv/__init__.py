"""Move prompts, partials and schemas to other names, and update what refers to them."""
