"""What a run found becomes a queue that people decide about, one thing at a time, and their decisions last."""
