"""2D keypoints of detectors.

layouts.py names the joints of every detector and makes a skeleton's joints from them; arrays.py
holds `Keypoints`, what every reader returns; files.py and files_json.py read the files that
detectors write; mistakes.py notices what often goes wrong with them.
"""
