"""Tests that open the report in a headless Chromium."""
