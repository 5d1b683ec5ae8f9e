#!/usr/bin/env bash
# Whether being watched costs memory: `api` scraped every second by Prometheus while a scanner asks for 10 000 addresses that
# are not there. Prints Markdown. Runs inside `tests/services.sh run`; the programs are those of PROGRAMS (a folder with builds).
set -euo pipefail
: "${TILL_TEST_DATABASE_URL:?is unset: call this inside tests/services.sh run}"
programs=${PROGRAMS:?must name the folder of the programs}
addresses=${ADDRESSES:-10000} rounds=${ROUNDS:-3} idle=${IDLE_SECONDS:-120}

work=$(mktemp -d /tmp/till-prove.XXXXXX)
database=till_prove_scrape_$$
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true
      psql -qd "$TILL_TEST_DATABASE_URL" -c "DROP DATABASE IF EXISTS $database WITH (FORCE)"; rm -rf "$work"' EXIT
pids=()
psql -qd "$TILL_TEST_DATABASE_URL" -c "CREATE DATABASE $database"
export DATABASE_URL=${TILL_TEST_DATABASE_URL%/*}/$database REDIS_URL=$TILL_TEST_REDIS_URL AMQP_URL=$TILL_TEST_AMQP_URL
export TILL_DATA_DIR=$work TILL_AMQP_PREFIX=prove-scrape-$$ TILL_REDIS_PREFIX=prove-scrape-$$: RUST_LOG=error
export TILL_RATE_LIMIT_ANONYMOUS=off TILL_LISTEN=127.0.0.1:18980 TILL_OPS_LISTEN=127.0.0.1:18990
"$programs/till" migrate
"$programs/api" & api=$!
pids+=("$api")
until "$programs/till" probe "http://$TILL_OPS_LISTEN/readyz" 2>/dev/null; do sleep 0.05; done

cat >"$work/prometheus.yml" <<END
global: { scrape_interval: 1s }
scrape_configs: [{ job_name: api, static_configs: [{ targets: ["$TILL_OPS_LISTEN"] }] }]
END
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" --web.listen-address=127.0.0.1:18995 \
  --log.level=error & pids+=("$!")
until curl -sf --noproxy '*' http://127.0.0.1:18995/-/ready >/dev/null; do sleep 0.1; done

memory() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$api/status"; }
series() { curl -sS --noproxy '*' "http://$TILL_OPS_LISTEN/metrics" | grep -cv '^#\|^$'; }
ask() {
  curl -sS --noproxy '*' -G http://127.0.0.1:18995/api/v1/query --data-urlencode "query=$1" |
    sed 's/.*"value":\[[^,]*,"\([^"]*\)".*/\1/'
}
scan() {
  python3 - "$TILL_LISTEN" "$addresses" "$1" <<'PY'
import http.client, sys, threading
address, most, round_ = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def some(first):
    line = http.client.HTTPConnection(address)
    for n in range(first, most, 16):
        method = 'GET' if n % 2 else f'M{round_}X{n % 101}'
        below = ('', '/v1', '/v1/products', '/v1/orders', '/docs')[n % 5]
        line.request(method, f'{below}/{round_}-{n}.php?id={n}', headers={'host': f'h{n}.example'})
        line.getresponse().read()
threads = [threading.Thread(target=some, args=(n,)) for n in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
PY
}

# What any load brings once: buffers, threads' stacks, the first series.
scan warm
rows=("after the first $addresses addresses | $(memory) MiB; $(series)")
for round in $(seq "$rounds"); do
  scan "$round"
  rows+=("after $((addresses * (round + 1))) | $(memory) MiB; $(series)")
done
sleep "$idle"
rows+=("after $idle s more of nothing but scrapes | $(memory) MiB; $(series)")
echo '| `api`, scraped every second | resident memory; series it shows |'
echo '| --- | --- |'
printf '| %s |\n' "${rows[@]}"
printf '| scrapes, failed; one scrape takes (mean) | %s, %s; %s ms |\n' "$(ask 'count_over_time(up[1h])')" \
  "$(ask '(count_over_time(up[1h]) - sum_over_time(up[1h]))')" "$(ask 'round(1000 * avg_over_time(scrape_duration_seconds[1h]), 0.1)')"
