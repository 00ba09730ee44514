"""Evidence comes in; outcomes and findings go out. One file a check."""
