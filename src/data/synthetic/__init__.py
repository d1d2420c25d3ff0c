"""Built-in synthetic data.

kinematics: bodies, and where their joints are. actions: what people do. motion: a set of motions
seen by cameras, in the manner of Human3.6M. photos: single poses with relative depth labels. demo:
poses for examples and pictures.
"""
