"""A finished audit comes in; pages for people go out."""
