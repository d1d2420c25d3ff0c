"""Annotators: their answers, how these are merged into labels, and the paper's study of human performance."""
