"""Motion capture in BVH files: parsing, joints by name, clips, conversion to the layout of Human3.6M."""
