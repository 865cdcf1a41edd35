# The service as an image: one program on a base without a shell, not root, nothing written outside /data.
# `bin/image-check` proves it. Both bases can be replaced by others of the same kind: Rust with a C compiler on
# Debian 12, and glibc 2.36 with libgcc and the authorities' certificates.
# A program that is compiled already goes in with `--build-context build=FOLDER`, where FOLDER/out is what goes to /.

ARG RUST_IMAGE=rust:1.95-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${RUST_IMAGE} AS build
WORKDIR /src
# Writes the list of everything that was compiled in into the program: its SBOM, which scanners read.
RUN cargo install --locked --root /usr/local cargo-auditable@0.7.7
# The dependencies alone: they change rarely, and their layer is kept until they do.
COPY Cargo.toml Cargo.lock build.rs ./
COPY crates crates
COPY src/domain/common_passwords.txt.gz src/domain/
RUN mkdir -p src static migrations \
    && echo 'fn main() {}' > src/main.rs && touch src/lib.rs \
    && cargo auditable build --release --locked \
    && rm -r src/main.rs src/lib.rs
COPY . .
# Newer than what was compiled from the stand-ins.
RUN touch build.rs src/main.rs src/lib.rs \
    && cargo auditable build --release --locked \
    && install -D --strip target/release/users-service /out/usr/local/bin/users-service \
    && install -D -m 0644 LICENSE /out/usr/share/doc/users-service/LICENSE \
    && install -d -m 0700 /out/data

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="users-service" \
      org.opencontainers.image.description="Accounts, profiles and the follow graph of a social network" \
      org.opencontainers.image.licenses="MIT"
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/usr /usr
COPY --from=build --chown=65532:65532 /out/data /data
ENV LISTEN_ADDR=0.0.0.0:8080 DATA_DIR=/data AUTO_MIGRATE=true HOME=/data
EXPOSE 8080
VOLUME /data
# A number, so that an orchestrator can see that it is not root.
USER 65532:65532
# After SIGTERM the service lingers for a second, gives running requests ten, and stops within 17 seconds in all: longer than
# the ten that `docker stop` waits for, so use `docker stop --timeout 20`.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 CMD ["/usr/local/bin/users-service", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/users-service"]
CMD ["serve"]
