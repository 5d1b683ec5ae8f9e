#!/usr/bin/env bash
# Till beside what there is without it: orders beside pgbench that runs the same statements, reads beside a bare axum route with
# the same bytes, and so on; each pair in turns (A B B A) on a durable Postgres of its own, and what must hold checked
# afterwards. Prints Markdown. The programs are those of PROGRAMS (a folder with release builds), the bare route that of BARE.
set -euo pipefail
cd "$(dirname "$0")"
programs=${PROGRAMS:?must name the folder of the programs}
bare=${BARE:?must name the bare route}
deep_orders=${ORDERS:-2000000} deep_page=${PAGE:-50000}
rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-4} clients=${CLIENTS:-32}
read -ra parts <<<"${PARTS:-orders hot alone payments find replay cached bare deep profile}"
pgbench=$(command -v pgbench || printf '%s\n' /usr/lib/postgresql/*/bin/pgbench | tail -n 1)
for program in wrk python3 curl; do command -v "$program" >/dev/null || { echo "$program is missing" >&2; exit 1; }; done

work=$(mktemp -d /tmp/till-bench.XXXXXX)
chmod 755 "$work"
pids=()
# However it ends, nothing is left; the server last, when nobody is connected any more.
trap 'kill "${pids[@]}" 2>/dev/null || true; sleep 1; kill -INT "$server" 2>/dev/null || true; wait 2>/dev/null || true
      rm -rf "$work/data"; [[ -z ${KEEP:-} ]] || cp -r "$work" "$KEEP"; rm -rf "$work"' EXIT
port=18699
../services.sh serve postgres "$work/data" "$port" >"$work/postgres.log" 2>&1 & server=$!
until psql -qXd "postgres://till@127.0.0.1:$port/postgres" -c 'SELECT' >/dev/null 2>&1; do
  kill -0 "$server" 2>/dev/null || { cat "$work/postgres.log" >&2; exit 1; }
  sleep 0.1
done

# Nobody listens at that port: limits are kept and products cached in process.
export REDIS_URL=redis://127.0.0.1:9 AMQP_URL=amqp://127.0.0.1:9/%2f TILL_DATA_DIR=$work RUST_LOG=${RUST_LOG:-error}
export TILL_ADMIN_EMAIL=admin@example.com TILL_ADMIN_PASSWORD=till-bench-password
export TILL_RATE_LIMIT_ANONYMOUS=token_bucket:1000000/1s TILL_RATE_LIMIT_USER=token_bucket:1000000/1s
export TILL_RATE_LIMIT_ADMIN=token_bucket:1000000/1s TILL_RATE_LIMIT_LOGIN=off
# Shedding is on, and has room for the clients: what is measured is work, not refusals.
export TILL_LOAD_SHED_LEAST=$((clients * 4))
# Whoever issued a token, all take it.
export TILL_PUBLIC_URL=http://127.0.0.1:18680
export TILL_GATEWAY_LISTEN=127.0.0.1:18695 TILL_GATEWAY_URL=http://127.0.0.1:18695

note() { printf '%s\n' "$*" >&2; }
ask() { psql -XAtqd "$DATABASE_URL" -v ON_ERROR_STOP=1 "$@"; }
use() { export DATABASE_URL=postgres://till@127.0.0.1:$port/$1; }
make_database() {
  psql -qXd "postgres://till@127.0.0.1:$port/postgres" -c "CREATE DATABASE $1"
  use "$1"
  "$programs/till" migrate >/dev/null
  ask -f bench/setup.sql
}
# NAME PORT [AS…]: the process in $api, its address in $host
start() {
  host=127.0.0.1:$2
  TILL_LISTEN=$host TILL_OPS_LISTEN=127.0.0.1:$(($2 + 1)) "${@:3}" "$programs/api" >>"$work/$1.log" 2>&1 & api=$!
  pids+=("$api")
  until "$programs/till" probe "http://$host/readyz" 2>/dev/null; do
    kill -0 "$api" 2>/dev/null || { cat "$work/$1.log" >&2; exit 1; }
    sleep 0.05
  done
}
stop() { kill -TERM "$1"; wait "$1" 2>/dev/null || true; }
token() { grep -o '"accessToken":"[^"]*"' | cut -d '"' -f 4; }
# Tokens live for ten minutes, so each part signs in anew.
sign_in() {
  : >"$work/tokens"
  local user
  for user in $(seq 16); do
    curl --noproxy '*' -sS --fail "http://$host/v1/auth/token" -H 'content-type: application/json' \
      -d "{\"email\":\"bench-$user@example.com\",\"password\":\"$TILL_ADMIN_PASSWORD\"}" |
      token >>"$work/tokens"
  done
  [[ $(wc -l <"$work/tokens") == 16 ]] || { note 'nobody can sign in'; exit 1; }
}
cpu() { awk -v tick="$(getconf CLK_TCK)" '{ sub(/^.*\) /, ""); print 1e6 * ($12 + $13) / tick }' "/proc/$1/stat"; }
peak() { awk '/^VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$1/status"; }
runs=0
# PROCESS NAME HOST CLIENTS ARGUMENTS…: prints requests a second; appends microseconds of the process for each to NAME.cpu, the median latency in ms to NAME.p50
load() {
  local process=$1 name=$2 host=$3 count=$4 before after
  runs=$((runs + 1))
  before=$(cpu "$process")
  "${pin[@]}" wrk -t1 -c"$count" -d"$seconds"s --latency -s bench/load.lua "http://$host" -- "${@:5:1}" "$(date +%s%N | cut -c6-15)$runs" \
    "$work/tokens" "${@:6}" >"$work/wrk"
  after=$(cpu "$process")
  if grep -E 'Non-2xx|Socket errors' "$work/wrk" >&2; then note "$name: not all was answered as it should be"; exit 1; fi
  awk -v before="$before" -v after="$after" '/requests in/ { print (after - before) / $1 }' "$work/wrk" >>"$work/$name.cpu"
  awk '$1 == "50%" { time = $2; if (time ~ /us$/) scale = 0.001; else if (time ~ /ms$/) scale = 1; else scale = 1000; print time * scale }' \
    "$work/wrk" >>"$work/$name.p50"
  awk '/^Requests\/sec/ { print $2 }' "$work/wrk"
}
pin=()
# SCRIPT DATABASE [-D…]: transactions a second
by_pgbench() {
  "$pgbench" --no-vacuum --client="$clients" --jobs=1 --time="$seconds" --protocol=prepared "${@:3}" --file="$1" "$2" 2>"$work/pgbench" >&2 ||
    { cat "$work/pgbench" >&2; exit 1; }
  awk '/^tps = / { print $3 }' "$work/pgbench"
}
median() { sort -n | awk '{ value[NR] = $1 } END { if (NR) printf "%.4g", value[int((NR + 1) / 2)] }'; }
# WHAT A B: the functions A and B in turns, each printing a rate; leaves WHAT.a, WHAT.b and WHAT.ratios
pair() {
  local what=$1 a b c d
  "$2" >/dev/null # warms up
  "$3" >/dev/null
  ask -c ANALYZE # as autovacuum does within a minute: no plan is left from when the tables were empty
  rm -f "$work/$what".{a,b,ratios}
  for _ in $(seq "$rounds"); do
    a=$("$2") b=$("$3") c=$("$3") d=$("$2")
    note "$what: $a $b $c $d"
    printf '%s\n' "$a" "$d" >>"$work/$what.a"
    printf '%s\n' "$b" "$c" >>"$work/$what.b"
    awk -v a="$a" -v b="$b" -v c="$c" -v d="$d" 'BEGIN { print (a + d) / (b + c) }' >>"$work/$what.ratios"
  done
}
# WHAT "TEXT" "BESIDE" FLOOR [CPU-NAME PROCESS]
row() {
  local used='' memory=''
  [[ -z ${5:-} ]] || used="$(median <"$work/$5.cpu") µs"
  [[ -z ${6:-} ]] || memory="$(peak "$6") MiB"
  printf '| %s | %.0f | %s: %.0f | **%.2f** | %s | %s | %s |\n' "$2" "$(median <"$work/$1.a")" "$3" "$(median <"$work/$1.b")" \
    "$(median <"$work/$1.ratios")" "$4" "$used" "$memory" >>"$work/table"
}
wanted() { [[ " ${parts[*]} " == *" $1 "* ]]; }
must_be() { [[ $(ask -c "$2") == "$3" ]] || { note "$1: $(ask -c "$2"), not $3"; exit 1; }; }
check() {
  must_be 'orders with lines other than their total' \
    'SELECT count(*) FROM (SELECT total_amount, (SELECT sum(amount) FROM order_items WHERE order_id = orders.id) AS sum FROM orders) AS o WHERE sum IS DISTINCT FROM total_amount' 0
  must_be 'negative stocks' 'SELECT count(*) FROM stock WHERE available < 0' 0
  "$programs/till" check >"$work/check" 2>&1 || { cat "$work/check" >&2; exit 1; }
  note "$(tail -n 1 "$work/check")"
}

make_database orders
orders=$DATABASE_URL
"$programs/till" gateway >>"$work/gateway.log" 2>&1 & pids+=("$!")
if wanted alone; then
  start alone 18682 env TILL_ORDERS_PER_COMMIT=1
  alone=$api alone_host=$host
fi
start api 18680
gathered=$api gathered_host=$host

by_till() { load "$gathered" "$kind" "$gathered_host" "$clients" "$kind"; }
by_itself() { load "$alone" "$kind-alone" "$alone_host" "$clients" "$kind"; }
same_statements() { by_pgbench "bench/$kind.sql" "$orders"; }
one_gathered() { load "$gathered" "$kind-one" "$gathered_host" 1 "$kind"; }
one_by_itself() { load "$alone" "$kind-one-alone" "$alone_host" 1 "$kind"; }
batch() {
  curl --noproxy '*' -sS "http://127.0.0.1:18681/metrics" |
    awk '/^till_order_batch_size_sum/ { sum = $2 } /^till_order_batch_size_count/ { count = $2 } END { printf "%.1f", count ? sum / count : 0 }'
}

for kind in order hot; do
  [[ $kind == order ]] && wanted orders || { [[ $kind == hot ]] && wanted hot; } || continue
  sign_in
  if [[ $kind == order ]]; then
    what='(a) `POST /v1/orders`, 3 lines of 3000 products' floor='≥ 0.8; goal 1.5'
  else
    what='(f) the same, one line of one hot product' floor='≥ 3; goal 8'
  fi
  pair "$kind" by_till same_statements
  row "$kind" "$what" 'pgbench, the same statements' "$floor" "$kind" "$gathered"
  if wanted alone; then
    pair "$kind-alone" by_itself same_statements
    row "$kind-alone" "$what, each order in a commit of its own" 'pgbench, the same statements' '' "$kind-alone" "$alone"
  fi
  note "orders in a batch, in the mean: $(batch)"
  mean=$(batch)
done
if wanted alone; then
  kind=order
  sign_in
  pair one one_gathered one_by_itself
  row one '`POST /v1/orders`, one client alone' 'each order in a commit of its own' '≥ 0.83' order-one
  latency="One client waits $(median <"$work/order-one.p50") ms for its order in the median, and $(median <"$work/order-one-alone.p50") ms where orders are not gathered."
fi

if wanted replay; then
  kind=replay
  sign_in
  sed -i '2,$d' "$work/tokens"
  # One client: of two with one key, one would be told that the other is at it.
  find_replay() { load "$gathered" replay "$gathered_host" 1 replay; }
  find_alone() { load "$gathered" find-alone "$gathered_host" 1 get "/v1/orders/$order"; }
fi
if wanted find || wanted replay; then
  sign_in
  user=00000000-0000-7000-8000-000000000001
  load "$gathered" first "$gathered_host" 1 order >/dev/null
  order=$(ask -c "SELECT id FROM orders WHERE customer_id = '$user' ORDER BY created_at DESC LIMIT 1")
  session=$(ask -c "SELECT id FROM sessions WHERE user_id = '$user' ORDER BY created_at DESC LIMIT 1")
  sed -i '2,$d' "$work/tokens"
  find_till() { load "$gathered" find "$gathered_host" "$clients" get "/v1/orders/$order"; }
  find_pgbench() { by_pgbench bench/find_order.sql "$orders" -D "order=$order" -D "user=$user" -D "session=$session"; }
  if wanted find; then
    pair find find_till find_pgbench
    row find '(d) authenticated `GET /v1/orders/{id}`' 'pgbench, the same statements' '' find "$gathered"
  fi
  if wanted replay; then
    pair replay find_replay find_alone
    row replay '`POST /v1/orders`, a replay, one client' '`GET /v1/orders/{id}`' '' replay
  fi
fi
if wanted profile; then
  sign_in
  kind=order
  (load "$gathered" profiled "$gathered_host" "$clients" order >/dev/null) & loading=$!
  perf record -q -F 999 -g -p "$gathered" -o "$work/orders.perf" -- sleep "$((seconds - 1))" >&2 || true
  wait "$loading"
fi
check
! wanted alone || stop "$alone"

if wanted payments; then
  make_database payments_by_pgbench
  by_pgbench_alone=$DATABASE_URL
  make_database payments
  start payments 18684
  paying=$api paying_host=$host
  sign_in
  pay_till() { load "$paying" payment "$paying_host" "$clients" payment; }
  pay_pgbench() { by_pgbench cost/payment_with.sql "$by_pgbench_alone"; }
  pair payment pay_till pay_pgbench
  row payment '(c) `POST /v1/payments`, a gateway that answers at once' 'pgbench, the same statements, no gateway' '' payment "$paying"
  check
  stop "$paying"
  use orders
fi

# One core for the service, the other for the clients.
if wanted cached || wanted bare; then
  start cached 18686 taskset -c 0
  cached=$api cached_host=$host
  path=/v1/products/00000000-0000-7000-8000-000000000001
  curl --noproxy '*' -sS --fail "http://$host$path" >"$work/product.json"
  taskset -c 0 "$bare" serve 127.0.0.1:18689 "$work/product.json" & barely=$!
  pids+=("$barely")
  until [[ $(curl --noproxy '*' -sS http://127.0.0.1:18689/ 2>/dev/null) == "$(cat "$work/product.json")" ]]; do sleep 0.05; done
  # PROCESS NAME HOST PATH [FIELD]: prints requests a second; appends microseconds of the process for each to NAME.cpu
  get() {
    local before after rate
    before=$(cpu "$1")
    rate=$(taskset -c 1 "$bare" ask "$3" "$4" "$clients" "$seconds" "${@:5}")
    after=$(cpu "$1")
    awk -v before="$before" -v after="$after" -v count="$((rate * seconds))" 'BEGIN { print (after - before) / count }' >>"$work/$2.cpu"
    printf '%s\n' "$rate"
  }
  get_cached() { get "$cached" cached "$cached_host" "$path"; }
  get_bare() { get "$barely" bare 127.0.0.1:18689 /; }
  get_livez() { get "$cached" livez "$cached_host" /livez; }
  tag=$(curl --noproxy '*' -sS -o /dev/null -D - "http://$cached_host$path" | sed -n 's/^etag: \(.*\)\r$/\1/Ip')
  get_known() { get "$cached" known "$cached_host" "$path" "if-none-match: $tag"; }
  pair cached get_cached get_bare
  row cached '(b) cached `GET /v1/products/{id}`' 'bare axum route, the same bytes' '≥ 0.6' cached "$cached"
  if wanted bare; then
    pair livez get_livez get_bare
    row livez '`GET /livez`, the whole stack' 'bare axum route' '' livez
    pair known get_known get_bare
    row known 'the same product, 304' 'bare axum route, 200' '' known
  fi
  if wanted profile; then
    (get_cached >/dev/null) & loading=$!
    perf record -q -F 999 -g -p "$cached" -o "$work/cached.perf" -- sleep "$((seconds - 1))" >&2 || true
    wait "$loading"
  fi
  stop "$cached"
  kill "$barely"
fi
stop "$gathered"

if wanted deep; then
  make_database deep
  ask -v orders="$deep_orders" -f bench/deep.sql
  start deep 18688
  deep=$api deep_host=$host
  curl --noproxy '*' -sS --fail "http://$host/v1/auth/token" -H 'content-type: application/json' \
    -d "{\"email\":\"$TILL_ADMIN_EMAIL\",\"password\":\"$TILL_ADMIN_PASSWORD\"}" |
    token >"$work/tokens"
  far=$(python3 bench/walk.py "$host" "$(cat "$work/tokens")" "$deep_page")
  page_one() { load "$deep" near "$deep_host" 4 get '/v1/orders?limit=20'; }
  page_far() { load "$deep" far "$deep_host" 4 get "$far"; }
  pair deep page_one page_far
  row deep '(e) `GET /v1/orders`, page 1 of '"$deep_orders"' orders' "page $deep_page" '≤ 1.2' near "$deep"
  stop "$deep"
fi

printf '| what (%s clients unless it says otherwise; medians of %s rounds A B B A of 4 x %s s) | a second | beside, a second | ratio | wanted | CPU of `api` for one | peak memory of `api` |\n' \
  "$clients" "$rounds" "$seconds"
printf '| --- | --- | --- | --- | --- | --- | --- |\n'
cat "$work/table"
[[ -z ${mean:-} ]] || printf '\nOrders in one commit, in the mean over all of this: %s. %s\n' "$mean" "${latency:-}"
for what in orders cached; do
  [[ -e $work/$what.perf ]] || continue
  printf '\nWhere `api` spends its time in %s (`perf record`, self time, the first fifteen):\n\n```text\n' \
    "$([[ $what == orders ]] && echo '(a)' || echo '(b)')"
  perf report -i "$work/$what.perf" --stdio --no-children -g none --percent-limit 0 --sort symbol 2>/dev/null |
    awk '/^ +[0-9]/ { print; if (++shown == 15) exit }' | cut -c1-140 | sed 's/ *$//' || true
  printf '```\n'
done
