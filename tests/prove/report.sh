#!/usr/bin/env bash
# How fast a report of all orders is made and how much memory its worker takes, beside psql's own copy of the same rows; then
# the same report with its worker killed twice on the way (kill -9), which must come out byte for byte the same. Prints
# Markdown. Runs inside `tests/services.sh run`; the programs are those of PROGRAMS (a folder with release builds).
set -euo pipefail
: "${TILL_TEST_DATABASE_URL:?is unset: call this inside tests/services.sh run}"
programs=${PROGRAMS:?must name the folder of the programs}
orders=${ORDERS:-1000000}

work=$(mktemp -d /tmp/till-prove.XXXXXX)
database=till_prove_report_$$
trap 'kill -9 "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true
      psql -qd "$TILL_TEST_DATABASE_URL" -c "DROP DATABASE IF EXISTS $database WITH (FORCE)"; rm -rf "$work"' EXIT
pids=()
psql -qd "$TILL_TEST_DATABASE_URL" -c "CREATE DATABASE $database"

export DATABASE_URL=${TILL_TEST_DATABASE_URL%/*}/$database REDIS_URL=$TILL_TEST_REDIS_URL AMQP_URL=$TILL_TEST_AMQP_URL
export TILL_DATA_DIR=$work TILL_AMQP_PREFIX=prove-report-$$ RUST_LOG=warn
export TILL_LISTEN=127.0.0.1:18580 TILL_OPS_LISTEN=127.0.0.1:18590 TILL_GATEWAY_LISTEN=127.0.0.1:18595
ask() { psql -XAtqd "$DATABASE_URL" -c "$1"; }
until_is() { until [[ $(ask "$1") == "$2" ]]; do sleep 0.05; done; }
peak() { awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }

"$programs/till" migrate
"$programs/till" gateway & pids+=("$!")
until "$programs/till" probe "http://$TILL_GATEWAY_LISTEN/sandbox/faults" 2>/dev/null; do sleep 0.05; done
"$programs/till" seed --orders "$orders" >/dev/null
ask 'DELETE FROM jobs' # the examples', which would take a worker's time here
ask 'ANALYZE'
"$programs/api" & pids+=("$!")
until "$programs/till" probe "http://$TILL_LISTEN/readyz" 2>/dev/null; do sleep 0.05; done

# Each worker's operators' listener gets a port of its own: the one before may hold its for a while.
workers=0
start_worker() {
  workers=$((workers + 1))
  TILL_OPS_LISTEN=127.0.0.1:$((18590 + workers)) "$programs/worker" &
  worker=$!
  pids+=("$worker")
  disown "$worker" # its end is no news
}

api=http://$TILL_LISTEN
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
sign_in() {
  curl --noproxy '*' -sS "$api/v1/auth/token" -H 'content-type: application/json' \
    -d '{"email":"admin@example.com","password":"till-demo-password"}' | member accessToken
}
from=$(date --utc -d '-300 days' +%FT00:00:00Z) to=$(date --utc -d '+2 days' +%FT00:00:00Z)
generate() {
  curl --noproxy '*' -sS "$api/v1/reports/generate" -H "authorization: Bearer $(sign_in)" -H 'content-type: application/json' \
    -d "{\"kind\":\"orders\",\"format\":\"$1\",\"from\":\"$from\",\"to\":\"$to\"}" | member jobId
}
download() {
  curl --noproxy '*' -sS --fail "$api/v1/reports/$1/download" -H "authorization: Bearer $(sign_in)" -o "$2"
}
seconds() { ask "SELECT extract(epoch FROM completed_at - started_at) FROM jobs WHERE id = '$1'"; }
rate() { awk -v rows="$1" -v seconds="$2" 'BEGIN { printf "%.0f", rows / seconds }'; }

# psql's own copy: the same columns, the same rows, in the same form.
time="'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'"
query="SELECT id AS \"orderId\", customer_id AS \"customerId\", status, currency, total_amount AS \"totalAmount\",
  paid_amount AS \"paidAmount\", refunded_amount AS \"refundedAmount\",
  to_char(created_at AT TIME ZONE 'UTC', $time) AS \"createdAt\", to_char(updated_at AT TIME ZONE 'UTC', $time) AS \"updatedAt\"
  FROM orders WHERE created_at >= '$from' AND created_at < '$to' ORDER BY created_at, id"
copy() {
  local began
  began=$(date +%s.%N)
  psql -Xqd "$DATABASE_URL" -c "\\copy ($(tr '\n' ' ' <<<"$query")) TO '$work/copy.csv' CSV HEADER"
  awk -v began="$began" -v ended="$(date +%s.%N)" 'BEGIN { print ended - began }'
}
copy >/dev/null # the first one fills the caches for both
copied=$(copy)
rows=$(($(wc -l <"$work/copy.csv") - 1))

start_worker
csv=$(generate csv)
until_is "SELECT status FROM jobs WHERE id = '$csv'" complete
csv_seconds=$(seconds "$csv") csv_peak=$(peak "$worker")
xlsx=$(generate xlsx)
until_is "SELECT status FROM jobs WHERE id = '$xlsx'" complete
xlsx_seconds=$(seconds "$xlsx") xlsx_peak=$(peak "$worker")
download "$csv" "$work/csv"

# Killed as soon as it has told of some rows, once by itself and once as the heir of the first.
kills=0
killed=$(generate csv)
for _ in 1 2; do
  until [[ $(ask "SELECT rows_done > 0 AND rows_done < $rows AND status = 'processing'
                  AND lease_token::text <> '${token:-}' FROM jobs WHERE id = '$killed'") == t ]]; do
    [[ $(ask "SELECT status FROM jobs WHERE id = '$killed'") != complete ]] || break 2
  done
  kill -9 "$worker"
  kills=$((kills + 1))
  token=$(ask "SELECT lease_token FROM jobs WHERE id = '$killed'")
  start_worker
done
until_is "SELECT status FROM jobs WHERE id = '$killed'" complete
((kills == 2)) || { echo "only $kills kills hit the report on its way: it is too short, raise ORDERS" >&2; exit 1; }
download "$killed" "$work/killed"
sum() { sha256sum <"$1" | cut -c -64; }
same=$(sum "$work/copy.csv")
for file in csv killed; do
  [[ $(sum "$work/$file") == "$same" ]] || { echo "the file $file is not what psql copies" >&2; exit 1; }
done

cat <<END
| what ($rows orders, 9 columns) | figure |
| --- | --- |
| CSV: rows a second; the worker's peak memory | $(rate "$rows" "$csv_seconds"); $csv_peak MiB |
| \`psql \\copy\` of the same rows, a second | $(rate "$rows" "$copied") |
| CSV beside \`psql \\copy\`, the same run | $(awk -v a="$copied" -v b="$csv_seconds" 'BEGIN { printf "%.2f", a / b }') |
| XLSX: rows a second; the worker's peak memory | $(rate "$rows" "$xlsx_seconds"); $xlsx_peak MiB |
| CSV with its worker killed (\`kill -9\`) $kills times on the way: rows, SHA-256 | $(($(wc -l <"$work/killed") - 1)), the same as psql's (${same:0:16}…) |
END
