"""Waiting rows into outcomes: what a turbine should have produced, or why nobody can say."""
