"""Static analysis: templates, secrets and personal data in texts, tokens, models, schemas."""
