#!/usr/bin/env bash
# Runs a scenario with k6 and leaves target/load/SCENARIO.html and .json; ends with k6's own code, or 1 where a finding of
# the report does not hold. Settings are those of loadtests/README.md.
#
#   loadtests/run.sh SCENARIO                    against a service of its own: private servers, `api`, `worker`, gateway
#   BASE_URL=http://… loadtests/run.sh SCENARIO  against one that runs already
#
# PROGRAMS names a folder with the three programs; unset, a release build is made.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf 'load: %s\n' "$*" >&2; }
scenarios() { find loadtests -maxdepth 1 -name '*.js' -printf '%f\n' | sed 's/\.js$//' | sort | paste -sd ' '; }

scenario=${1:-smoke}
[[ -f loadtests/$scenario.js ]] || { say "there is no scenario '$scenario': choose from $(scenarios)"; exit 2; }
export PATH=$PATH:$PWD/target/tools/k6/bin OUT=${OUT:-target/load}
mkdir -p "$OUT"

generate() {
  local code=0 quiet=()
  # For a person there are bars that move.
  [[ -t 1 ]] || quiet=(--quiet)
  rm -f "$OUT/$scenario.json" "$OUT/$scenario.html"
  # No usage report: a load test of ours is nobody else's business.
  k6 run "${quiet[@]}" --no-usage-report "loadtests/$scenario.js" || code=$?
  # k6 knows thresholds alone; what compares two parts of a run is a finding.
  if ((code == 0)) && ! grep -q '^  "passed": true,$' "$OUT/$scenario.json"; then code=1; fi
  return "$code"
}

# Inside `tests/services.sh run`.
serve_and_generate() {
  local programs=$PROGRAMS database=till_load_$$ code=0
  work=$(mktemp -d /tmp/till-load.XXXXXX)
  pids=()
  trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
  psql -qd "$TILL_TEST_DATABASE_URL" -c "CREATE DATABASE $database"
  export DATABASE_URL=${TILL_TEST_DATABASE_URL%/*}/$database REDIS_URL=$TILL_TEST_REDIS_URL AMQP_URL=$TILL_TEST_AMQP_URL
  export TILL_DATA_DIR=$work RUST_LOG=${RUST_LOG:-warn}
  free_ports
  export TILL_LISTEN=127.0.0.1:${ports[0]} TILL_OPS_LISTEN=127.0.0.1:${ports[1]} TILL_GATEWAY_LISTEN=127.0.0.1:${ports[2]}
  # One client is many here: limits would measure themselves. Set one to see it at work.
  local limit
  for limit in ANONYMOUS USER ADMIN LOGIN REPORTS; do
    limit=TILL_RATE_LIMIT_$limit
    export "$limit=${!limit:-off}"
  done
  "$programs/till" migrate
  "$programs/till" gateway 2>>"$work/log" & pids+=("$!")
  until_ready "http://$TILL_GATEWAY_LISTEN/sandbox/faults"
  "$programs/till" seed --orders "${ORDERS:-500}" >/dev/null
  "$programs/api" 2>>"$work/log" & pids+=("$!")
  TILL_OPS_LISTEN=127.0.0.1:${ports[3]} "$programs/worker" 2>>"$work/log" & pids+=("$!")
  until_ready "http://$TILL_LISTEN/readyz"
  until_ready "http://127.0.0.1:${ports[3]}/readyz"
  export BASE_URL=http://$TILL_LISTEN OPS_URL=http://$TILL_OPS_LISTEN
  generate || code=$?
  if ((code)) && [[ -s $work/log ]]; then
    cp "$work/log" "$OUT/$scenario.log"
    say "what the programs logged: $OUT/$scenario.log"
  fi
  return "$code"
}

until_ready() {
  local deadline=$((SECONDS + 60))
  until "$PROGRAMS/till" probe "$1" 2>/dev/null; do
    ((SECONDS < deadline)) || { cat "$work/log" >&2; say "$1 does not answer"; exit 1; }
    sleep 0.1
  done
}

# Below 32768, where Linux takes the ports of outgoing connections.
free_ports() {
  local port
  ports=()
  while ((${#ports[@]} < 4)); do
    port=$((15000 + RANDOM % 17000))
    if [[ " ${ports[*]} " != *" $port "* ]] && ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then ports+=("$port"); fi
  done
}

if [[ -n ${LOAD_INSIDE:-} ]]; then
  tests/services.sh wait
  serve_and_generate
  exit
fi
tests/services.sh install k6
if [[ -n ${BASE_URL:-} ]]; then
  generate
  exit
fi
if [[ -z ${PROGRAMS:-} ]]; then
  cargo build --locked --release --bins
  PROGRAMS=${CARGO_TARGET_DIR:-target}/release
fi
PROGRAMS=$(realpath "$PROGRAMS")
export PROGRAMS
LOAD_INSIDE=yes tests/services.sh run loadtests/run.sh "$scenario"
