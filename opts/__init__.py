"""The command lines: every option by name, the runs of the paper as presets, what is refused."""
