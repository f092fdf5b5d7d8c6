# Built from the folder that the archive unpacks to: docker build -f …/rotate.Dockerfile .
ARG BASE=debian:trixie-slim
FROM ${BASE}
LABEL org.opencontainers.image.title="etcd-rotate command line" \
      org.opencontainers.image.description="Asks the coordinator for certificate rotations of etcd clusters" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY root/usr/lib/etcd-rotate/node root/usr/lib/etcd-rotate/rotate.mjs /usr/lib/etcd-rotate/
COPY root/usr/bin/rotate /usr/bin/
COPY root/usr/share/doc/etcd-rotate /usr/share/doc/etcd-rotate
USER 65532:65532
# Ctrl-C detaches, and the rotation goes on.
STOPSIGNAL SIGINT
ENTRYPOINT ["/usr/bin/rotate"]
