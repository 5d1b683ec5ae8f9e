# One image, three programs: `api`, `worker` and `till` (migrate, seed, gateway, check …).
#
# Build it with BuildKit (`DOCKER_BUILDKIT=1 docker build -t till .`). Crates and compiled dependencies stay in cache
# mounts, so that a change of the code compiles the code alone.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# What is built, for `till_build_info`: --build-arg REVISION=$(git rev-parse --short HEAD)
ARG REVISION=unknown
RUN --mount=type=cache,id=till-registry,target=/usr/local/cargo/registry \
    --mount=type=cache,id=till-target,target=/src/target \
    TILL_REVISION=$REVISION cargo build --release --locked --bins && \
    mkdir /out && cp target/release/till target/release/api target/release/worker /out/

FROM debian:bookworm-slim
RUN apt-get update && \
    apt-get install --yes --no-install-recommends ca-certificates && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* && \
    useradd --system --uid 10001 --home-dir /var/lib/till --create-home till
COPY --from=build /out/ /usr/local/bin/
USER 10001
# Relative files (reports, a gateway's record) land where a volume can be mounted.
WORKDIR /var/lib/till
ENV TILL_ENV=production \
    TILL_LISTEN=0.0.0.0:8080 \
    TILL_OPS_LISTEN=0.0.0.0:9090 \
    TILL_GATEWAY_LISTEN=0.0.0.0:8090 \
    TILL_DATA_DIR=/var/lib/till
EXPOSE 8080 8090 9090
CMD ["api"]
