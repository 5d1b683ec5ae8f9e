#!/usr/bin/env bash
# What rate limits cost: requests a second without them, with them in process and through Redis, in turns, and the time of
# one check by the service's own measure. `api` on one core, the clients and the servers on another. Prints Markdown.
# Runs inside `tests/services.sh run`; the programs are those of PROGRAMS (a folder with release builds).
set -euo pipefail
: "${TILL_TEST_DATABASE_URL:?is unset: call this inside tests/services.sh run}"
programs=${PROGRAMS:?must name the folder of the programs}
rounds=${ROUNDS:-5}
seconds=${SECONDS_EACH:-6}
command -v wrk >/dev/null || { echo 'wrk is missing: apt-get install wrk' >&2; exit 1; }

work=$(mktemp -d /tmp/till-prove.XXXXXX)
database=till_prove_limits_$$
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true
      psql -qd "$TILL_TEST_DATABASE_URL" -c "DROP DATABASE IF EXISTS $database WITH (FORCE)"; rm -rf "$work"' EXIT
pids=()
psql -qd "$TILL_TEST_DATABASE_URL" -c "CREATE DATABASE $database"
export DATABASE_URL=${TILL_TEST_DATABASE_URL%/*}/$database AMQP_URL=$TILL_TEST_AMQP_URL
export TILL_DATA_DIR=$work TILL_AMQP_PREFIX=prove-limits-$$ TILL_REDIS_PREFIX=prove-limits-$$: RUST_LOG=error
export TILL_LISTEN=127.0.0.1:18880 TILL_OPS_LISTEN=127.0.0.1:18890 TILL_LOAD_SHED=off
"$programs/till" migrate

# Nobody listens at that port: the limits are kept in process.
readonly nowhere=redis://127.0.0.1:9
start() {
  case $1 in
    off) export REDIS_URL=$TILL_TEST_REDIS_URL TILL_RATE_LIMIT_ANONYMOUS=off ;;
    process) export REDIS_URL=$nowhere TILL_RATE_LIMIT_ANONYMOUS=token_bucket:1000000/1s ;;
    redis) export REDIS_URL=$TILL_TEST_REDIS_URL TILL_RATE_LIMIT_ANONYMOUS=token_bucket:1000000/1s ;;
  esac
  taskset -c 0 "$programs/api" 2>>"$work/log" & api=$!
  pids+=("$api")
  until "$programs/till" probe "http://$TILL_LISTEN/readyz" 2>/dev/null; do sleep 0.05; done
}
stop() { kill -TERM "$api"; wait "$api"; }
ask() { taskset -c 1 wrk -t1 -c"$2" -d"$3"s --latency "http://$TILL_LISTEN$1"; }
# Microseconds of a check in the mean, by where it was made.
check() {
  curl --noproxy '*' -sS "http://$TILL_OPS_LISTEN/metrics" | awk -v store="store=\"$1\"" '
    index($0, "rate_limit_check_duration_seconds_sum") && index($0, store) { sum = $2 }
    index($0, "rate_limit_check_duration_seconds_count") && index($0, store) { count = $2 }
    END { printf "%.1f", count ? 1e6 * sum / count : 0 }'
}

for round in $(seq "$rounds"); do
  # A B C, then C B A: what drifts falls on all alike.
  if ((round % 2)); then modes=(off process redis); else modes=(redis process off); fi
  for mode in "${modes[@]}"; do
    start "$mode"
    ask /v1/categories 16 1 >/dev/null
    ask /v1/categories 16 "$seconds" | awk '/^Requests\/sec/ { print $2 }' >>"$work/$mode.busy"
    stop
    # One client alone, in a process of its own: what a check takes where nobody is in the way.
    start "$mode"
    ask /v1/categories 1 3 >/dev/null
    case $mode in
      process) check local >>"$work/process.check"; echo >>"$work/process.check" ;;
      redis) check shared >>"$work/redis.check"; echo >>"$work/redis.check" ;;
    esac
    stop
  done
done
median() { sort -n "$1" | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }
ratio() { paste "$work/$1.busy" "$work/off.busy" | awk '{ print $1 / $2 }' | sort -n | awk '{ value[NR] = $1 } END { printf "%.2f", value[int((NR + 1) / 2)] }'; }
printf '| `GET /v1/categories` (%s rounds of %s s, 16 clients, `api` on one core) | requests a second (median) | beside none (median of the pairs) | one check, one client (mean) |\n| --- | --- | --- | --- |\n' "$rounds" "$seconds"
printf '| no limits | %.0f | 1 | |\n' "$(median "$work/off.busy")"
printf '| in process | %.0f | %s | %s µs |\n' "$(median "$work/process.busy")" "$(ratio process)" "$(median "$work/process.check")"
printf '| through Redis | %.0f | %s | %s µs |\n' "$(median "$work/redis.busy")" "$(ratio redis)" "$(median "$work/redis.check")"
