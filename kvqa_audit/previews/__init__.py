"""Small pictures for a report, made in guarded children: of one image, and of a pair of copies laid on each other."""
