"""A dataset that nobody has described comes in; a first description, for a person to edit, goes out."""
