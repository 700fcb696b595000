"""Pipeline `forecast`: what the site will make in the next hours."""
