"""Pipeline `forecast_training`: the forecasters of each turbine and the farm."""
