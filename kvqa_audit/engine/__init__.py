"""Tasks come in; results go out, in parallel, guarded against what a task may do to its process."""
