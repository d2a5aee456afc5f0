# Muster's two images. `docker build --target server .` and `--target worker .` build them from the public images below;
# `cargo xtask image` puts images made on this machine in their places, for where no registry answers.
# Works with the classic builder; needs no BuildKit.

# Has cargo and git, or, already built, /out.
ARG BUILDER=rust:1-bookworm
# Brings the C library the programs link.
ARG BASE=debian:bookworm-slim
# The same for the worker, with a package archive that has the Docker client and Compose without an engine, or already with all
# of what its steps call.
ARG WORKER_BASE=debian:trixie-slim

FROM ${BUILDER} AS build
WORKDIR /source
COPY . .
RUN test -x /out/muster || cargo --locked xtask dist --out /out

# Faces the net: knows no Docker client, gets no socket.
FROM ${BASE} AS server
COPY --from=build /out/muster /opt/muster/muster
COPY --from=build /out/assets /opt/muster/assets
COPY --from=build /out/sbom.cdx.json /opt/muster/sbom.cdx.json
COPY --from=build --chown=10001:10001 /out/data /var/lib/muster
COPY --from=build --chown=10001:10001 /out/data /var/lib/muster-key
ENV PATH=/opt/muster:/usr/local/bin:/usr/bin:/bin \
    MUSTER_LISTEN=0.0.0.0:8080 \
    MUSTER_DATA_DIR=/var/lib/muster
USER 10001:10001
EXPOSE 8080
VOLUME /var/lib/muster
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/muster/muster"]
CMD ["serve"]

# Touches Docker: listens on nothing.
FROM ${WORKER_BASE} AS worker
# What recovery scripts and the steps `up` and `down` call. psql and pg_dump run inside the database's container.
RUN (command -v jq && command -v curl && command -v docker && command -v bash) >/dev/null || ( \
    apt-get update -q && \
    apt-get install -y -q --no-install-recommends bash ca-certificates coreutils curl docker-cli docker-compose jq tar util-linux && \
    rm -rf /var/lib/apt/lists/*)
COPY --from=build /out/muster-worker /opt/muster/muster-worker
COPY --from=build /out/sbom.cdx.json /opt/muster/sbom.cdx.json
COPY --from=build --chown=10001:10001 /out/data /var/lib/muster
COPY --from=build --chown=10001:10001 /out/data /var/lib/muster-key
ENV PATH=/opt/muster:/usr/local/bin:/usr/bin:/bin \
    MUSTER_DATA_DIR=/var/lib/muster
USER 10001:10001
VOLUME /var/lib/muster
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/muster/muster-worker"]
CMD ["run"]
