#!/usr/bin/env bash
# How many messages one worker takes from the outbox through the broker to a consumer's effect, and how long a message
# takes from its commit to its consumer, idle and at half of that. Prints Markdown. Runs inside `tests/services.sh run`.
set -euo pipefail
: "${TILL_TEST_DATABASE_URL:?is unset: call this inside tests/services.sh run}"
programs=${PROGRAMS:?must name the folder of the programs}
messages=${MESSAGES:-50000} idle=${IDLE:-200} seconds=${SECONDS_OF_LOAD:-30}
pgbench=$(command -v pgbench || printf '%s\n' /usr/lib/postgresql/*/bin/pgbench | tail -n 1)

work=$(mktemp -d /tmp/till-prove.XXXXXX)
database=till_prove_outbox_$$
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true
      psql -qd "$TILL_TEST_DATABASE_URL" -c "DROP DATABASE IF EXISTS $database WITH (FORCE)"; rm -rf "$work"' EXIT
pids=()
psql -qd "$TILL_TEST_DATABASE_URL" -c "CREATE DATABASE $database"

export DATABASE_URL=${TILL_TEST_DATABASE_URL%/*}/$database REDIS_URL=$TILL_TEST_REDIS_URL AMQP_URL=$TILL_TEST_AMQP_URL
export TILL_DATA_DIR=$work TILL_AMQP_PREFIX=prove-outbox-$$ RUST_LOG=warn TILL_OPS_LISTEN=127.0.0.1:18690
"$programs/till" migrate
ask() { psql -XAtqd "$DATABASE_URL" -c "$1"; }
until_is() { until [[ $(ask "$1") == "$2" ]]; do sleep 0.1; done; }
memory() { awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }
customer=$(ask "INSERT INTO users (id, email, name, password_hash, role, status, created_at, updated_at)
  VALUES (gen_random_uuid(), 'prove@example.com', 'Prove', '!', 'customer', 'active', now(), now()) RETURNING id")

# Messages as the API writes them: the id is a UUIDv7, the topic has one consumer, which remembers the event.
cat >"$work/message.sql" <<SQL
CREATE FUNCTION uuid7() RETURNS uuid LANGUAGE sql VOLATILE AS \$\$
  SELECT encode(set_byte(overlay(uuid_send(gen_random_uuid())
    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
    6, (get_byte(uuid_send(gen_random_uuid()), 6) & 15) | 112), 'hex')::uuid \$\$;
CREATE FUNCTION write_message() RETURNS void LANGUAGE sql VOLATILE AS \$\$
  INSERT INTO outbox (id, topic, payload, request_id, created_at, due_at)
  SELECT uuid7(), 'order.cancelled', jsonb_build_object('type', 'order.cancelled', 'data',
    jsonb_build_object('orderId', '$customer', 'customerId', '$customer')), 'prove', clock_timestamp(), clock_timestamp() \$\$;
SQL
psql -qXd "$DATABASE_URL" -v ON_ERROR_STOP=1 -f "$work/message.sql"
echo 'SELECT write_message();' >"$work/one.sql"

# Of the messages written since: how many are handled, how many there are, and the time from the commit (the row's own
# time, just before it) to the consumer's transaction, in milliseconds at a share.
since=-infinity
handled() { echo "SELECT count(*) FROM inbox JOIN outbox ON outbox.id = message_id WHERE inbox.consumer = 'events' AND created_at >= '$since'"; }
written() { ask "SELECT count(*) FROM outbox WHERE created_at >= '$since'"; }
latency() {
  ask "SELECT round(1000 * extract(epoch FROM percentile_cont($1) WITHIN GROUP (ORDER BY handled_at - created_at))::numeric, 1)
       FROM inbox JOIN outbox ON outbox.id = message_id WHERE inbox.consumer = 'events' AND created_at >= '$since'"
}
# As autovacuum does now and then: so that no phase runs on the statistics of the one before.
begin() { ask 'ANALYZE'; since=$(ask 'SELECT clock_timestamp()'); }

ask "SELECT count(write_message()) FROM generate_series(1, $messages)" >/dev/null
ask 'ANALYZE'
"$programs/worker" & worker=$!
pids+=("$worker")
until_is "$(handled)" "$messages"
rate=$(ask "SELECT round($messages / extract(epoch FROM max(handled_at) - min(handled_at))) FROM inbox WHERE consumer = 'events'")
peak=$(memory "$worker")

begin
"$pgbench" --no-vacuum --client=1 --rate=20 --transactions="$idle" --file="$work/one.sql" "$DATABASE_URL" >/dev/null 2>&1
until_is "$(handled)" "$idle"
idle_figures="$(latency 0.5) ms, $(latency 0.99) ms"

begin
half=$((rate / 2))
"$pgbench" --no-vacuum --client=8 --jobs=2 --rate="$half" --time="$seconds" --file="$work/one.sql" "$DATABASE_URL" >"$work/load" 2>&1
loaded=$(written)
until_is "$(handled)" "$loaded"
load_figures="$(latency 0.5) ms, $(latency 0.99) ms"

cat <<END
| what | figure |
| --- | --- |
| $messages messages that waited, through RabbitMQ to their effect: a second; the worker's peak memory | $rate; $peak MiB |
| from commit to consumer, idle ($idle messages, 20 a second): median, p99 | $idle_figures |
| from commit to consumer, at half of that rate ($loaded messages, $half a second, for $seconds s): median, p99 | $load_figures |
END
