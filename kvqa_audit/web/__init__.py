"""Requests of browsers and programs come in; pages, JSON and events about a service's datasets and audits go out."""
