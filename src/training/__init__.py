"""Training and testing: what is built from options, the loops over batches, checkpoints, the run folder, reports."""
