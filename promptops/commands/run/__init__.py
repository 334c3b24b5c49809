"""Run one prompt: call its model, pass on the answer as it arrives, judge it."""
