# ratchetd in a container: nothing but the program, its libraries, and a user who is not root.
#
#   docker build --build-arg REVISION="$(git rev-parse --short=12 HEAD)" -t ratchetd .
#   docker run -d --name ratchetd --read-only --tmpfs /tmp --network none --cap-drop ALL --ulimit memlock=-1 \
#     -v ratchetd-data:/var/lib/ratchetd -v ratchetd-socket:/run/ratchetd ratchetd
#
# The bases can be others of the same Debian release.
ARG BUILD_IMAGE=docker.io/library/rust:1.95-slim-bookworm
ARG RUN_IMAGE=gcr.io/distroless/cc-debian12
ARG DEMO_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
# SQLCipher brings its own OpenSSL, which is built with make and perl.
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev make perl \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# What `--version` and `system_version` tell: the repository is not in here.
ARG REVISION
RUN RATCHETD_REVISION="$REVISION" cargo build --release --locked -p daemon \
 && cp target/release/ratchetd /ratchetd
# Directories that volumes take their owner and mode from: nobody has to change owners when a container starts.
RUN mkdir -p /empty/data /empty/socket && chmod 0700 /empty/data /empty/socket

FROM ${RUN_IMAGE} AS daemon
LABEL org.opencontainers.image.title="ratchetd" \
      org.opencontainers.image.description="End-to-end encryption with forward secrecy for chat frontends, over JSON-RPC" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /ratchetd /usr/local/bin/ratchetd
COPY --from=build --chown=65532:65532 /empty/data /var/lib/ratchetd
COPY --from=build --chown=65532:65532 /empty/socket /run/ratchetd
ENV RATCHETD_DATA_DIR=/var/lib/ratchetd \
    RATCHETD_SOCKET=/run/ratchetd/ratchetd.sock
USER 65532:65532
VOLUME ["/var/lib/ratchetd"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=12s --start-period=30s CMD ["/usr/local/bin/ratchetd", "health"]
ENTRYPOINT ["/usr/local/bin/ratchetd"]
CMD ["serve", "--log", "json"]

# A conversation between two daemons, and the relay between them, for compose.yaml.
FROM ${DEMO_IMAGE} AS demo
COPY --from=build /ratchetd /usr/local/bin/ratchetd
COPY contrib/compose/conversation.sh /usr/local/bin/conversation
COPY contrib/compose/relay.sh /usr/local/bin/relay
COPY --from=build --chown=65532:65532 /empty/data /relay
USER 65532:65532
ENTRYPOINT ["/bin/sh", "/usr/local/bin/conversation"]

# What is built if nothing is asked for.
FROM daemon
