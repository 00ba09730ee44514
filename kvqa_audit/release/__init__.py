"""Outcomes come in; a verdict about the release goes out."""
