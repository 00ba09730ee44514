"""A request comes in; an audited, judged and written dataset goes out: the story of an audit and its use case."""
