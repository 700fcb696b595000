"""Watches a wind farm: expected power for every SCADA row, with a calibrated band."""

__version__ = "0.1.0"
