"""What the app reaches, measured: `make bench`, or `make bench BENCH=tick` for one of them."""
