"""Render a prompt to a request; check its inputs and the model's answer."""
