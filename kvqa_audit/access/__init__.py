"""Passwords, links, tokens and paths come in; who somebody is, and what they may see and do, goes out."""
