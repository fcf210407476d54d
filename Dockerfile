# The service as one image: pages built with Node, the binary with Rust, run on Debian as a user of its own.
# It brings no database; docker-compose.yml gives it one.

FROM node:20-bookworm-slim AS pages
WORKDIR /derwent
COPY web/package.json web/package-lock.json web/.npmrc web/
RUN cd web && npm ci --no-audit --no-fund
COPY web web
RUN cd web && npm run build

FROM rust:1.95-bookworm AS binary
WORKDIR /derwent
COPY . .
COPY --from=pages /derwent/web/dist web/dist
RUN cargo build --locked --release --bin derwent

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/derwent --create-home derwent
COPY --from=binary /derwent/target/release/derwent /usr/local/bin/derwent
USER derwent
ENV DERWENT_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD curl -fsS http://127.0.0.1:8080/health/loops
ENTRYPOINT ["derwent"]
CMD ["serve"]
