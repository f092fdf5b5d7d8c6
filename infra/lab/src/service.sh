#!/bin/sh
# Starts and stops the processes of a lab, as an init system would. A service is a folder:
#
#   run        what to start: a shell script that ends in `exec`
#   pid        of the running process
#   log        what it printed, appended
#   restarts   "TERM <ms>" before each SIGTERM and "START <ms>" at each start, appended
#
#   service.sh FOLDER start|stop|restart NAME
#
# An agent calls this as a restart command with next to no environment, and every millisecond here is downtime of an
# etcd member: hence a shell, and shell builtins where they do.
set -eu
PATH=/usr/bin:/bin

action=$2 name=$3 folder=$1/$3
[ -f "$folder/run" ] || { echo "no service $name in $1" >&2; exit 2; }

# The start time of a process; fails when it is gone, or only waits to be reaped.
born() {
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  set -- ${line##*) }
  [ "$1" != Z ] && [ "$1" != X ] && born=${20}
}

# A pid alone may by now belong to another process.
running() {
  { read -r pid <"$folder/pid" && read -r started <"$folder/born"; } 2>/dev/null || return 1
  born "$pid" && [ "$born" = "$started" ]
}

note() { echo "$1 $(date +%s%3N)" >>"$folder/restarts"; }

start() {
  running && return
  # Written when a lab ends, so that nothing comes back while it does.
  [ ! -e "$folder/../ended" ] || { echo "this lab has ended" >&2; exit 1; }
  note START
  setsid /bin/sh "$folder/run" >>"$folder/log" 2>&1 </dev/null 9>&- &
  pid=$!
  born "$pid" || born=0
  echo "$born" >"$folder/born"
  # Whoever reads the pid must never find half of it.
  echo "$pid" >"$folder/pid.new" && mv "$folder/pid.new" "$folder/pid"
}

stop() {
  running || return 0
  note TERM
  kill -TERM "$pid"
  rounds=0
  while running; do
    sleep 0.004
    rounds=$((rounds + 1))
    # A round takes 5 to 6 ms, so this is about a minute.
    [ $rounds -ne 11000 ] || { note KILL; kill -KILL "$pid"; }
  done
  rm -f "$folder/pid"
}

exec 9>"$folder/lock"
flock 9
case $action in
  start) start ;;
  stop) stop ;;
  restart) stop; start ;;
  *) echo "start, stop or restart, not $action" >&2; exit 2 ;;
esac
