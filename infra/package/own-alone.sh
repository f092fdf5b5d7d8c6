#!/bin/sh
# Refuses a secret that others than its owner can read: own-alone FILE. One that is not there is another's matter.
[ -z "$(find -H "$1" -maxdepth 0 -perm /077 2>/dev/null)" ] && exit 0
echo "$1 can be read by others: chmod 600 $1" >&2
exit 1
