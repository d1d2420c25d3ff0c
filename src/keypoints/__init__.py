"""2D keypoints of detectors: layouts by name, the files they come in, likely mistakes in them."""
