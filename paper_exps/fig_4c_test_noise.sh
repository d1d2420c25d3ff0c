#!/usr/bin/env bash
# Figure 4c: 2D noise in testing.
# Paths are relative to the project's folder; docs/paper.md shows the options.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rows=(
    supervised_0 supervised_5 supervised_10 supervised_15 supervised_20 supervised_detections
    ours_0 ours_5 ours_10 ours_15 ours_20 ours_detections
)
exec "${PYTHON:-python}" -m paper_exps.run "${rows[@]/#/fig_4c\/test_noise\/}" "$@"
