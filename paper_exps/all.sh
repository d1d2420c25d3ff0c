#!/usr/bin/env bash
# Every table and figure, one after the other; a failed row does not stop the rest.
# It takes the options of the other scripts, and hands them on.
set -euo pipefail
status=0
for name in table_1 table_2 fig_1d fig_4ab fig_4c_test_noise fig_4c_train_test_noise fig_4d fig_5; do
    bash "$(dirname "${BASH_SOURCE[0]}")/$name.sh" "$@" || status=$?
    [ "$status" -ne 130 ] || exit 130
done
exit "$status"
