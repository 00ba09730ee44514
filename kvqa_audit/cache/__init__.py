"""What may be worked out anew at any time comes in and goes out, by key and version."""
