"""What a unit will make in the next hours: quantiles of power by lead, with and without weather."""
