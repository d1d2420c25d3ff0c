"""Annotators' judgements of which of two joints is closer to the camera.

`answers` reads them, `merging` makes one label per pair of joints out of them, and `label_file`
puts these labels into the json that main_lsp.py reads. `agreement` says how often people agree,
`simulation` invents annotators where there are none, and `study` and `findings` are the paper's
study of human performance on poses whose depth is known.
"""
