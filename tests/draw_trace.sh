#!/usr/bin/env bash
# Checks out once over the three programs and draws the trace that their collector got into docs/tracing.md, between its
# two marks. Inside `tests/services.sh run`.
set -euo pipefail
cd "$(dirname "$0")/.."

tests/services.sh wait
cargo test --locked --test it -- --exact \
  telemetry::checkout::a_checkout_is_one_trace_from_the_client_to_its_mails_and_webhooks_and_holds_no_secret
drawing=${CARGO_TARGET_DIR:-target}/tmp/checkout-trace.txt
page=docs/tracing.md
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
awk -v drawing="$drawing" '
  /^<!-- drawing ends -->$/ { inside = 0 }
  !inside { print }
  /^<!-- drawing begins -->$/ {
    inside = 1
    print "```text"
    while ((getline line < drawing) > 0) { sub(/ +$/, "", line); print line }
    print "```"
  }
' "$page" >"$fresh"
cat "$fresh" >"$page"
