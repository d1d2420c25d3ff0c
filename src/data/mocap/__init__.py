"""Motion capture in BVH files, turned into a set in the layout of Human3.6M.

bvh.py reads a file; joint_names.py tells which of its joints is which; body.py makes poses of
Human3.6M's joints from it, bones.py gives these a body with fixed bones; clips.py cleans the motion
of one file, and convert.py makes a set of a folder.
"""
