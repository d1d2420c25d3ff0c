#!/usr/bin/env bash
# Figure 4d: wrong labels.
# Paths are relative to the project's folder; docs/paper.md shows the options.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rows=(
    ours_0 ours_0.25 ours_mturk ours_0.5 ours_0.75 ours_1
)
exec "${PYTHON:-python}" -m paper_exps.run "${rows[@]/#/fig_4d\/}" "$@"
