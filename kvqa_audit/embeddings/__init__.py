"""One vector a picture from a network: read from a file, or worked out with a model of the user's."""
