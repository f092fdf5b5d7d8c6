# Built from the folder that the archive unpacks to: docker build -f …/agent.Dockerfile .
# An agent belongs on the host. What it needs in a container, and how it restarts etcd from there: docs/install.md.
ARG BASE=debian:trixie-slim
FROM ${BASE}
LABEL org.opencontainers.image.title="etcd-rotate agent" \
      org.opencontainers.image.description="Carries out certificate rotations on one node of etcd" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY root/usr/lib/etcd-rotate/node root/usr/lib/etcd-rotate/etcd-rotate-agent.mjs /usr/lib/etcd-rotate/
COPY root/usr/bin/etcd-rotate-agent /usr/bin/
COPY root/usr/share/doc/etcd-rotate /usr/share/doc/etcd-rotate
# root: it writes files of other users, and keeps their owners.
VOLUME ["/etc/etcd-rotate", "/var/lib/etcd-rotate"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/etcd-rotate-agent"]
