"""The command lines: every option by name, the runs of the paper as presets, what is refused.

`human36`, `lsp` and `run_model` hold the options of the script of that name, `groups` those that
the two training scripts share, `presets` the paper's runs, and `types` and `parsing` what all need.
`command` is what surrounds every command: exit codes, Ctrl-C, the output streams.

Most options bear the names of the authors' 2018 code, and do what they did there. Some are renamed,
gone or new: docs/coming_from_2018.md lists them.
"""
