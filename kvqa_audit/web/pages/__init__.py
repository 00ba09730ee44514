"""Requests of people come in; pages go out."""
