"""Sources come in; a table and references to images go out."""
