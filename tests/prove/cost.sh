#!/usr/bin/env bash
# What key, outbox and journal cost: the statements of an order and of a payment with them and without them, by pgbench,
# in turns (with, without, without, with), on a durable Postgres of its own. Prints Markdown.
set -euo pipefail
cd "$(dirname "$0")"
rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-6} clients=${CLIENTS:-16}
pgbench=$(command -v pgbench || printf '%s\n' /usr/lib/postgresql/*/bin/pgbench | tail -n 1)

folder=$(mktemp -d /tmp/till-cost.XXXXXX)
chmod 755 "$folder"
port=18499
../services.sh serve postgres "$folder/data" "$port" >"$folder/log" 2>&1 & server=$!
trap 'kill -INT "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
url=postgres://till@127.0.0.1:$port/postgres
until psql -qXd "$url" -c 'SELECT' >/dev/null 2>&1; do
  kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
  sleep 0.1
done
for migration in ../../migrations/*.sql; do
  psql -q --no-psqlrc --single-transaction -v ON_ERROR_STOP=1 -d "$url" -f "$migration"
done
psql -q -v ON_ERROR_STOP=1 -d "$url" -f cost/setup.sql

# Transactions of the script a second; each holds one order or one payment.
rate() {
  "$pgbench" --no-vacuum --client="$clients" --jobs=2 --time="$seconds" --protocol=prepared --file="cost/$1.sql" "$url" 2>&1 |
    awk '/^number of failed/ && $5 > 0 { exit 1 } /^tps = / { print $3 }'
}
fsync=$(psql -Atd "$url" -c 'SHOW fsync')

echo "| what ($clients clients, fsync $fsync, $rounds rounds of 4 x $seconds s) | with | without | ratio (median) |"
echo '| --- | --- | --- | --- |'
for what in order payment; do
  with=() without=() ratios=()
  for _ in $(seq "$rounds"); do
    a=$(rate "${what}_with") b=$(rate "${what}_without") c=$(rate "${what}_without") d=$(rate "${what}_with")
    with+=("$a" "$d") without+=("$b" "$c")
    ratios+=("$(awk -v a="$a" -v b="$b" -v c="$c" -v d="$d" 'BEGIN { printf "%.2f", (a + d) / (b + c) }')")
  done
  median() { printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
  printf '| %ss a second | %.0f | %.0f | %s |\n' "$what" "$(median "${with[@]}")" "$(median "${without[@]}")" "$(median "${ratios[@]}")"
done
