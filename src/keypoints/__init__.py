"""2D keypoints of detectors.

layouts.py names the joints of every detector and makes a skeleton's joints from them; arrays.py
holds `Keypoints`, what every reader returns; files.py, files_json.py and files_mat.py read the
files that detectors and data sets come with; unnamed.py finds out which joints an array holds;
mistakes.py notices what often goes wrong with keypoints.
"""
