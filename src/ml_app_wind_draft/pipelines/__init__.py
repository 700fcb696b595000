"""The Kedro pipelines: short pure nodes, strung together."""
