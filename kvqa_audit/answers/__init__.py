"""Answers come in; distributions and rule results go out."""
