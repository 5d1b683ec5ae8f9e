#!/usr/bin/env bash
# Writes `.env` for docker-compose with secrets that nobody else has; leaves one that is there alone.
set -euo pipefail
cd "$(dirname "$0")/.."
if [[ -e .env ]]; then
  echo '.env is there already and stays as it is; remove it to make another.' >&2
  exit 0
fi
random() { head --bytes="$1" /dev/urandom | base64 --wrap=0; }
word() { random 24 | tr '+/' '-_'; }
umask 077
admin_password=$(word)
cat >.env.new <<END
# Secrets of this installation, made by \`make env\`. Keep a copy: without TILL_SECRET_KEY the signing keys in the
# database are of no use.
TILL_SECRET_KEY=$(random 32)
POSTGRES_PASSWORD=$(word)
RABBITMQ_PASSWORD=$(word)
# The first administrator, made by the first start.
TILL_ADMIN_EMAIL=owner@example.com
TILL_ADMIN_PASSWORD=$admin_password
# How clients reach it.
TILL_PORT=8080
TILL_PUBLIC_URL=http://localhost:8080
END
mv .env.new .env
echo 'Wrote .env. The first administrator is owner@example.com; the password stands in it.' >&2
