"""A dataset and what an audit found in it come in; a corrected copy, its patch and a proof go out."""
