"""Human3.6M in every form in which people have it.

- `forms.open_source` tells which form a folder holds and opens it.
- `h5_layout`, `cdf`, `videopose3d`: one module per form.
- `folder`: what the forms share, above all the abstract class `Human36Source`.
- `load.load_human36`: from a folder in any form to `PoseArrays`.
- `write_h5.write_layout`: writing motion, cameras and detections in the h5 layout.
"""
