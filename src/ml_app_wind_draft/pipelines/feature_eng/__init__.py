"""Rows into features: the same nodes for training and for inference."""
