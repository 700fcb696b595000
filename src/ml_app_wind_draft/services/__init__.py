"""The running house: one small file a service, and what they share."""
