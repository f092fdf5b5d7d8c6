#!/bin/sh
exec /usr/lib/etcd-rotate/node @FLAGS@/usr/lib/etcd-rotate/@PROGRAM@.mjs "$@"
