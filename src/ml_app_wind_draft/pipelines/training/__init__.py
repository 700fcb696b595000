"""History into a judged model: search, fit, calibrate, compare, judge."""
