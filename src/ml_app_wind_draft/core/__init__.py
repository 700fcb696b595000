"""What every other room may use: settings, sites, signals, time and errors."""
