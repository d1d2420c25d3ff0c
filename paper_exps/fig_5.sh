#!/usr/bin/env bash
# Figure 5: from Human3.6M to photos with relative depth labels.
# Paths are relative to the project's folder; docs/paper.md shows the options.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rows=(
    supervised_human36_14k ours_human36_14k supervised_lsp ours_lsp ours_human36_lsp ours_lsp_only
)
exec "${PYTHON:-python}" -m paper_exps.run "${rows[@]/#/fig_5\/}" "$@"
