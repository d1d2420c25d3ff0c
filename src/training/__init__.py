"""Training and testing: builders, loops over batches, checkpoints, the run folder, reports."""
