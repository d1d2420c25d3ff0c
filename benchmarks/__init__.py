"""How fast the pieces are, against what this machine could do at best: ``python -m benchmarks``."""
