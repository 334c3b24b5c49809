"""Risks: changes that weaken the gate."""
