#!/usr/bin/env bash
# Writes `.env` for docker-compose with secrets that nobody else has. What stands in one that is there stays as it is;
# what a newer release needs besides is added.
set -euo pipefail
cd "$(dirname "$0")/.."
random() { head --bytes="$1" /dev/urandom | base64 --wrap=0; }
word() { random 24 | tr '+/' '-_'; }
umask 077

wanted() {
  cat <<END
# Secrets of this installation, made by \`make env\`. Keep a copy: without TILL_SECRET_KEY the signing keys in the
# database are of no use.
TILL_SECRET_KEY=$(random 32)
POSTGRES_PASSWORD=$(word)
RABBITMQ_PASSWORD=$(word)
# The first administrator, made by the first start.
TILL_ADMIN_EMAIL=owner@example.com
TILL_ADMIN_PASSWORD=$(word)
# Grafana's administrator (\`--profile observability\`), whose name is admin.
GRAFANA_PASSWORD=$(word)
# How clients reach it.
TILL_PORT=8080
TILL_PUBLIC_URL=http://localhost:8080
# Where traces go. With \`--profile observability\`: http://otel-collector:4318
OTEL_EXPORTER_OTLP_ENDPOINT=
END
}

if [[ ! -e .env ]]; then
  wanted >.env.new
  mv .env.new .env
  echo 'Wrote .env. The first administrator is owner@example.com; the password stands in it.' >&2
  exit
fi
# A name is as good as there when it is commented out: somebody decided so.
missing=$(wanted | grep -v '^#' | while IFS= read -r line; do grep -q "^#\? *${line%%=*}=" .env || printf '%s\n' "$line"; done)
if [[ -z $missing ]]; then
  echo '.env is there already and has all it needs; remove it to make another.' >&2
  exit
fi
cp -p .env .env.new
[[ -z $(tail --bytes=1 .env.new) ]] || echo >>.env.new
printf '%s\n' "$missing" >>.env.new
mv .env.new .env
echo ".env lacked, and now has: $(sed 's/=.*//' <<<"$missing" | paste -sd ' ')" >&2
