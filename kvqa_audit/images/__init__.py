"""Bytes of images come in; fingerprints go out."""
