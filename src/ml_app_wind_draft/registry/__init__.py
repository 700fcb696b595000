"""The only room that talks to MLflow: log, register, alias, promote, load."""
