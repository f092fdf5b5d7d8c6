# Built from the folder that the archive unpacks to: docker build -f …/coordinator.Dockerfile .
# The base needs glibc, libstdc++, and nats-server where the coordinator shall start its own.
ARG BASE=debian:trixie-slim
FROM ${BASE}
LABEL org.opencontainers.image.title="etcd-rotate coordinator" \
      org.opencontainers.image.description="Plans and drives certificate rotations of etcd clusters" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY root/usr/lib/etcd-rotate/node root/usr/lib/etcd-rotate/etcd-rotate-coordinator.mjs /usr/lib/etcd-rotate/
COPY root/usr/bin/etcd-rotate-coordinator /usr/bin/
COPY root/usr/share/doc/etcd-rotate /usr/share/doc/etcd-rotate
# A number, so that Kubernetes can see that it is not root. The folders are mounted.
USER 65532:65532
VOLUME ["/etc/etcd-rotate", "/var/lib/etcd-rotate"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/etcd-rotate-coordinator"]
