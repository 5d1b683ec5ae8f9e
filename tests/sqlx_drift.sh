#!/usr/bin/env bash
# Compares `.sqlx/` with the queries in the code and the schema of `migrations/`; `write` renews it instead.
# Needs TILL_TEST_DATABASE_URL, where it makes a scratch database and removes it again.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${TILL_TEST_DATABASE_URL:?is unset: call this inside tests/services.sh run}"

database=till_sqlx_$$
url=${TILL_TEST_DATABASE_URL%/*}/$database
found=$(mktemp -d)
trap 'rm -rf "$found"; psql -qd "$TILL_TEST_DATABASE_URL" -c "DROP DATABASE IF EXISTS $database WITH (FORCE)"' EXIT

psql -qd "$TILL_TEST_DATABASE_URL" -c "CREATE DATABASE $database"
for migration in migrations/*.sql; do
  psql -q --no-psqlrc --single-transaction -v ON_ERROR_STOP=1 -d "$url" -f "$migration"
done

# The macros write only when they run: a flag that nothing reads makes cargo compile the library once more.
SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$found DATABASE_URL=$url \
  cargo rustc --quiet --lib --profile check -- --cfg "queries_read_by=\"$$\""

if [[ ${1:-} == write ]]; then
  mkdir -p .sqlx
  rm -f .sqlx/query-*.json
  cp "$found"/query-*.json .sqlx/
# File names are digests of the queries: every query is described, and nothing else is.
elif ! diff <(cd .sqlx && ls) <(cd "$found" && ls); then
  echo '.sqlx/ does not describe the queries in the code (<: described, >: in the code): run `make sqlx`, commit the result.' >&2
  exit 1
fi
