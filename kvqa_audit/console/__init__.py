"""Finished results come in; words, tables and progress bars for a terminal go out."""
