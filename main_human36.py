"""Train and test on Human3.6M: ``python main_human36.py --help``."""

import sys

from src.errors import importing, run_command

with importing():
    from opts.human36 import parse_options
    from src.human36 import Human36
    from src.session import run_task


def main(argv=None) -> int:
    """Run the command with these tokens (default: the process's own) -> exit code."""
    return run_command(run_task, "main_human36.py", Human36, parse_options, argv)


if __name__ == "__main__":
    sys.exit(main())
