"""The dashboard: reads the farm's state and shows it; changes nothing."""
