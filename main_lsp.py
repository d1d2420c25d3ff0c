"""Train and test on photos with relative depth labels, as LSP's: ``python main_lsp.py --help``."""

import sys

from src.errors import importing, run_command

with importing():
    from opts.lsp import parse_options
    from src.lsp import Lsp
    from src.session import run_task


def main(argv=None) -> int:
    """Run the command with these tokens (default: the process's own) -> exit code."""
    return run_command(run_task, "main_lsp.py", Lsp, parse_options, argv)


if __name__ == "__main__":
    sys.exit(main())
