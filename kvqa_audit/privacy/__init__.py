"""Pictures come in; which kinds of personal facts are burned into them, and pictures with blurred text, go out."""
