"""Pure rules over frames: no database, no MLflow, no models."""
