"""Two audits come in; what changed from one to the other goes out."""
