"""A configuration comes in; a service of one web process and its workers, or one of these processes, goes out."""
