#!/bin/sh
# Has a client of the lab take up its files, and waits until it has: an agent's reload command.
#
#   reload.sh PID-FILE REQUEST-FILE ANSWER-FILE
#
# The client answers with our word, and "ok" once its old connections are closed and new ones are open.
set -eu
PATH=/usr/bin:/bin

pid_file=$1 request=$2 answer=$3
exec 9>"$request.lock"
flock 9

word=$$-$(date +%s%N)
echo "$word" >"$request"
read -r pid <"$pid_file"
kill -HUP "$pid"

rounds=0
while [ $rounds -lt 1500 ]; do
  if { read -r said how rest <"$answer"; } 2>/dev/null && [ "$said" = "$word" ]; then
    [ "$how" = ok ] && exit
    echo "the client keeps its old connections: $rest" >&2
    exit 1
  fi
  kill -0 "$pid" || exit 1
  sleep 0.005
  rounds=$((rounds + 1))
done
echo "the client did not answer" >&2
exit 1
