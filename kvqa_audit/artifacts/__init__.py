"""Finished audits come in; the files of the artifact contract go out, and back."""
