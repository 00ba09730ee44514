"""Finished audits come in and are kept; the runs, and what became of their findings, go out."""
