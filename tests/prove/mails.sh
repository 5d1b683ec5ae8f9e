#!/usr/bin/env bash
# 2000 registrations while the broker is restarted five times, and again with ten workers killed. Prints Markdown.
set -euo pipefail
cd "$(dirname "$0")/../.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
tests/services.sh guard cargo test --locked --test it -- storm:: --ignored --nocapture --test-threads=1 >"$log" 2>&1 ||
  { tail -n 40 "$log" >&2; exit 1; }
grep -q '^test result: ok. 2 passed' "$log"
echo '| what was killed meanwhile | registrations | mails (different `Message-ID`s) | copies under the same `Message-ID` |'
echo '| --- | --- | --- | --- |'
sed -n 's/.*mails, \(.*\): \([0-9]*\) registrations; \([0-9]*\) mails; \([0-9]*\) copies$/| \1 | \2 | \3 | \4 |/p' "$log"
