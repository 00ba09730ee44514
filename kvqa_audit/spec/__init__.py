"""Descriptions of datasets: from YAML files to one checked record."""
