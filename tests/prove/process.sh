#!/usr/bin/env bash
# How fast `api` is ready and how much memory it takes, idle and after 100 000 requests. Prints Markdown.
# Runs inside `tests/services.sh run`; the programs are those of PROGRAMS (a folder with release builds).
set -euo pipefail
: "${TILL_TEST_DATABASE_URL:?is unset: call this inside tests/services.sh run}"
programs=${PROGRAMS:?must name the folder of the programs}
requests=${REQUESTS:-100000}
starts=${STARTS:-10}

work=$(mktemp -d /tmp/till-prove.XXXXXX)
database=till_prove_$$
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true
      psql -qd "$TILL_TEST_DATABASE_URL" -c "DROP DATABASE IF EXISTS $database WITH (FORCE)"; rm -rf "$work"' EXIT
pids=()
psql -qd "$TILL_TEST_DATABASE_URL" -c "CREATE DATABASE $database"

export DATABASE_URL=${TILL_TEST_DATABASE_URL%/*}/$database REDIS_URL=$TILL_TEST_REDIS_URL AMQP_URL=$TILL_TEST_AMQP_URL
export TILL_DATA_DIR=$work TILL_AMQP_PREFIX=prove TILL_RATE_LIMIT_ANONYMOUS=off RUST_LOG=warn
export TILL_LISTEN=127.0.0.1:18480 TILL_OPS_LISTEN=127.0.0.1:18490 TILL_GATEWAY_LISTEN=127.0.0.1:18495
"$programs/till" migrate
"$programs/till" gateway & pids+=("$!")
until "$programs/till" probe "http://$TILL_GATEWAY_LISTEN/sandbox/faults" 2>/dev/null; do :; done
"$programs/till" seed --orders 500 >/dev/null

ready() { (exec 3<>"/dev/tcp/127.0.0.1/18480" && printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3 && head -1 <&3 | grep -q ' 200 ') 2>/dev/null; }
memory() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }
peak() { awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }

times=()
for _ in $(seq "$starts"); do
  began=$(date +%s%N)
  "$programs/api" & api=$!
  until ready; do :; done
  times+=("$((($(date +%s%N) - began) / 1000000))")
  kill -TERM "$api"
  wait "$api"
done
sorted=($(printf '%s\n' "${times[@]}" | sort -n))

"$programs/api" & api=$!
pids+=("$api")
until ready; do :; done
idle=$(memory "$api")
cat >"$work/browse.js" <<'JS'
import http from 'k6/http';
import { check } from 'k6';
export const options = {
  scenarios: { browse: { executor: 'shared-iterations', vus: 32, iterations: Number(__ENV.REQUESTS), maxDuration: '20m' } },
  thresholds: { checks: ['rate==1'] },
  summaryTrendStats: ['med', 'p(99)'],
};
const base = 'http://127.0.0.1:18480';
const paths = ['/v1/products?limit=20', '/v1/products/01890a5d-ac96-774b-bcce-b302099a9001', '/v1/categories',
  '/v1/products/01890a5d-ac96-774b-bcce-b302099a9001/inventory'];
export default function () {
  const answer = http.get(base + paths[__ITER % paths.length]);
  check(answer, { 'answers 200': (a) => a.status === 200 });
}
JS
k6 run --quiet --env REQUESTS="$requests" --summary-export "$work/summary.json" "$work/browse.js" >"$work/k6.log" 2>&1 ||
  { cat "$work/k6.log" >&2; exit 1; }
figure() { python3 -c 'import json, sys; m = json.load(open(sys.argv[1]))["metrics"]; print(eval(sys.argv[2], {"m": m}))' "$work/summary.json" "$1"; }
after=$(memory "$api")

cat <<END
| what | figure |
| --- | --- |
| \`api\` from its start to ready, database up, $starts starts: least, median, most | ${sorted[0]} ms, ${sorted[$((starts / 2))]} ms, ${sorted[-1]} ms |
| resident memory, idle | $idle MiB |
| resident memory after $requests requests by 32 clients (peak) | $after MiB ($(peak "$api") MiB) |
| those requests, failed; a second; median, p99 | $(figure 'int(m["checks"]["fails"])'); $(figure 'round(m["http_reqs"]["rate"])'); $(figure 'round(m["http_req_duration"]["med"], 2)') ms, $(figure 'round(m["http_req_duration"]["p(99)"], 2)') ms |
END
