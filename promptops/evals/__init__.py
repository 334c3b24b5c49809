"""Test cases judged: assertions over what was asked, and over what was answered."""
