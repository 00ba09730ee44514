"""Fingerprints come in; verified pairs and groups go out."""
