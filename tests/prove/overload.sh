#!/usr/bin/env bash
# What clients get while more is asked for than can be done, with load shedding and without: `api`, Postgres and the gateway
# on one core, the generator of load on another, which it keeps awake. Each process begins with a database of the same size, since
# an order costs more the more there were. Prints Markdown, draws docs/overload.svg. Runs inside `tests/services.sh run`; the programs
# are those of PROGRAMS (a folder with release builds), the generator that of GENERATOR.
set -euo pipefail
: "${TILL_TEST_DATABASE_URL:?is unset: call this inside tests/services.sh run}"
programs=${PROGRAMS:?must name the folder of the programs}
generator=${GENERATOR:?must name the generator}
cycles=${CYCLES:-5} rounds=${ROUNDS:-3}
read -ra loads <<<"${LOADS:-0.1 0.5 0.75 1 1.5 2 3 4}"
read -ra modes <<<"${MODES:-on off}"
drawing=${DRAWING:-docs/overload.svg}
(($(nproc) >= 2)) || { echo 'two cores are needed: one for the service, one for the load' >&2; exit 1; }

work=$(mktemp -d /tmp/till-prove.XXXXXX)
database=till_prove_overload_$$
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true
      for made in $database ${database}_full; do psql -qd "$TILL_TEST_DATABASE_URL" -c "DROP DATABASE IF EXISTS $made WITH (FORCE)"; done
      rm -rf "$work"' EXIT
pids=()
server() { psql -qd "$TILL_TEST_DATABASE_URL" -c "$1"; }
server "CREATE DATABASE ${database}_full"

export DATABASE_URL=${TILL_TEST_DATABASE_URL%/*}/${database}_full REDIS_URL=$TILL_TEST_REDIS_URL AMQP_URL=$TILL_TEST_AMQP_URL
export TILL_DATA_DIR=$work TILL_AMQP_PREFIX=prove-overload-$$ RUST_LOG=warn
export TILL_LISTEN=127.0.0.1:18780 TILL_OPS_LISTEN=127.0.0.1:18790 TILL_GATEWAY_LISTEN=127.0.0.1:18795
# One client is many here.
export TILL_RATE_LIMIT_ANONYMOUS=off TILL_RATE_LIMIT_USER=off TILL_RATE_LIMIT_ADMIN=off TILL_RATE_LIMIT_LOGIN=off TILL_RATE_LIMIT_REPORTS=off
ask() { psql -XAtqd "$DATABASE_URL" -c "$1"; }
load() { taskset -c 1 "$generator" "$@"; }

# Postgres moves to the core of the service: its parts as they are, and every connection from now on with its parent.
postmaster=$(head -n 1 "$(ask 'SHOW data_directory')/postmaster.pid")
for process in $postmaster $(pgrep -P "$postmaster"); do taskset -acp 0 "$process" >/dev/null; done

"$programs/till" migrate
taskset -c 0 "$programs/till" gateway & pids+=("$!")
until "$programs/till" probe "http://$TILL_GATEWAY_LISTEN/sandbox/faults" 2>/dev/null; do sleep 0.05; done
"$programs/till" seed --orders 500 >/dev/null
ask 'UPDATE stock SET available = 1000000000'
ask 'VACUUM ANALYZE'
export DATABASE_URL=${TILL_TEST_DATABASE_URL%/*}/$database

start() {
  server "DROP DATABASE IF EXISTS $database"
  server "CREATE DATABASE $database TEMPLATE ${database}_full"
  TILL_LOAD_SHED=$1 taskset -c 0 "$programs/api" 2>>"$work/log" & api=$!
  pids+=("$api")
  until "$programs/till" probe "http://$TILL_LISTEN/readyz" 2>/dev/null; do sleep 0.05; done
}
stop() {
  kill -TERM "$api"
  wait "$api"
}
active() { curl --noproxy '*' -sS "http://$TILL_OPS_LISTEN/metrics" | awk '/^http_server_active_requests/ { sum += $2 } END { print sum + 0 }'; }
memory() { awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$api/status"; }

# A machine that is not alone is now faster and now slower: what it can do is measured at the beginning of each round, and
# all loads come to one process in turns. Without shedding each has a process of its own, since what one load left behind
# would be the next one's; what happens then is plain after the first round.
declare -A highest
measure() {
  local mode=$1 cycles=$2 line
  shift 2
  start "$mode"
  load run "http://$TILL_LISTEN" "$capacity" "$cycles" "$@" | while read -r line; do
    echo "$mode $line" | tee -a "$work/figures" >&2
  done
  until [[ $(active) == 0 ]]; do sleep 0.2; done
  highest[$mode]=$(printf '%s\n' "${highest[$mode]:-0}" "$(memory)" | sort -g | tail -n 1)
  stop
}
for round in $(seq "$rounds"); do
  start off
  capacity=${CAPACITY:-$(load capacity "http://$TILL_LISTEN" 5)}
  stop
  echo "capacity $capacity" | tee -a "$work/figures" >&2
  for mode in "${modes[@]}"; do
    if [[ $mode == on ]]; then
      measure on "$cycles" "${loads[@]}"
    elif [[ $round == 1 ]]; then
      for times in "${loads[@]}"; do measure off 3 "$times"; done
    fi
  done
done
for mode in "${modes[@]}"; do echo "$mode memory ${highest[$mode]}" >>"$work/figures"; done
python3 tests/prove/overload.py "$drawing" <"$work/figures"
[[ -z ${KEEP:-} ]] || cp -r "$work" "$KEEP"
