"""Datasets and their schedules come in; audits that run when they are due, each slot once, go out."""
