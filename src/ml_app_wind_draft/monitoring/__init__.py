"""Residuals, alarms, drift and freshness: pure rules over frames, without database or models."""
