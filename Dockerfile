# syntax=docker/dockerfile:1
# The service as an image: one binary on a minimal runtime, not root, nothing written outside /data.

FROM rust:1.95-bookworm AS build
WORKDIR /src
# Dependencies first: they change rarely, and this layer is then kept.
COPY Cargo.toml Cargo.lock build.rs ./
COPY src/domain/common_passwords.txt.gz src/domain/
RUN mkdir -p src static migrations && echo 'fn main() {}' > src/main.rs && touch src/lib.rs \
    && cargo build --release --locked && rm -rf src
COPY . .
RUN touch src/main.rs src/lib.rs && cargo build --release --locked \
    && install -d -m 0750 -o 65532 -g 65532 /data

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="users-service" \
      org.opencontainers.image.description="Accounts, profiles and the follow graph of a social network" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /src/target/release/users-service /usr/local/bin/users-service
COPY --from=build --chown=65532:65532 /data /data
ENV LISTEN_ADDR=0.0.0.0:8080 DATA_DIR=/data AUTO_MIGRATE=true
EXPOSE 8080
VOLUME /data
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/users-service"]
CMD ["serve"]
