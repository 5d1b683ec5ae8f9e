#!/usr/bin/env bash
# The long crash test, and its verdict as Markdown. LOG names the output of a run that was made before.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${SECONDS_OF_CRASH:-600} seed=${SEED:-$(date --utc +%Y%m%d)}
log=${LOG:-$(mktemp)}
if [[ ! -s $log ]]; then
  trap 'rm -f "$log"' EXIT
  make --no-print-directory crash-test SECONDS="$seconds" SEED="$seed" >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }
fi
grep -q '^test result: ok' "$log"
echo '| what | figure |'
echo '| --- | --- |'
# "crash test, seed 7, 600 s: FIGURE; FIGURE…"
sed -n 's/^crash test, \(seed [0-9]*, [0-9]* s\): \(.* double charges.*\)$/the run; \1; \2/p' "$log" | tail -n 1 |
  awk -F '; ' '{ printf "| seed and length | %s |\n", $2; printf "| verdict | **%s**, %s |\n", $3, $4
    printf "| done to it | %s |\n| bought by 16 clients | %s |\n| their retries | %s |\n", $5, $6, $7
    if ($8) printf "| besides | %s |\n", $8 }'
