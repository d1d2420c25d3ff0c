#!/usr/bin/env bash
# Table 1: what each part of the loss brings.
# Paths are relative to the project's folder; docs/paper.md shows the options.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rows=(
    supervised ours known_focal average_skeleton no_skeleton all_pairs tolerance
)
exec "${PYTHON:-python}" -m paper_exps.run "${rows[@]/#/table_1\/}" "$@"
