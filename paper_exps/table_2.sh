#!/usr/bin/env bash
# Table 2: true 2D and detections, per action.
# Paths are relative to the project's folder; docs/paper.md shows the options.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rows=(
    supervised_17_gt_gt ours_17_gt_gt ours_17_gt_gt_noise supervised_16_sh_sh ours_16_sh_sh
    ours_16_sh_sh_noise supervised_16_gt_gt ours_16_gt_gt supervised_16_gt_sh ours_16_gt_sh
)
exec "${PYTHON:-python}" -m paper_exps.run "${rows[@]/#/table_2\/}" "$@"
