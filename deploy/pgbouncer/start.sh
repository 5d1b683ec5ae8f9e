#!/bin/sh
# Writes the one user's password where PgBouncer reads it, then becomes PgBouncer.
set -eu
umask 077
printf '"till" "%s"\n' "$POSTGRES_PASSWORD" >/tmp/userlist.txt
exec pgbouncer /etc/till/pgbouncer.ini
