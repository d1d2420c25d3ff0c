"""How fast the project is, beside the best that this machine could do: ``python -m benchmarks``."""
