#!/usr/bin/env bash
# Figures 4a and 4b: errors by pose and by joint.
# Paths are relative to the project's folder; docs/paper.md shows the options.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rows=(
    supervised ours
)
exec "${PYTHON:-python}" -m paper_exps.run "${rows[@]/#/fig_4ab\/}" "$@"
