"""Readers and makers of data: motion (`PoseArrays`), and photos with relative depth labels."""
