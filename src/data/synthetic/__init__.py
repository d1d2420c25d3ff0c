"""Built-in synthetic data: bodies and their joints, fifteen actions, motion seen by cameras, photos with labels."""
