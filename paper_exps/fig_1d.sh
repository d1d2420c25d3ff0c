#!/usr/bin/env bash
# Figure 1d: error against the number of labels.
# Paths are relative to the project's folder; docs/paper.md shows the options.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rows=(
    supervised_0.0625 supervised_0.125 supervised_0.25 supervised_5 supervised_25 supervised_100
    ours_25_1 ours_50_1 ours_100_1 ours_100_17 ours_100_all
)
exec "${PYTHON:-python}" -m paper_exps.run "${rows[@]/#/fig_1d\/}" "$@"
