"""Readers and makers of data: poses in the camera's frame (`PoseArrays`) and photos with relative depth labels."""
