"""A finished audit and its verdict come in; what other people's programs read goes out, one module a format."""
