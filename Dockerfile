# The image is one static program and a line about its user; it ends FROM scratch. Certificate authorities are in the program.
#
#   docker build -t callbox .
#   docker run --network host -v callbox:/data callbox                      everything, on a server
#   docker run -p 443:443 -p 443:443/udp -v callbox:/data -e CALLBOX_TURN__PORTS=none callbox     published ports
#   docker build --target sbom --output . .                                 what it is made of: callbox.cdx.json
#
# `callbox ports` (here: docker run --rm callbox ports) prints the ports and why each of them.

# A Debian with Rust and a C compiler; name another one to build from a mirror.
ARG BUILD_IMAGE=rust:1.95-bookworm
FROM ${BUILD_IMAGE} AS build
# setcap, for the port below 1024.
RUN command -v setcap >/dev/null || { apt-get update && apt-get install -y --no-install-recommends libcap2-bin; }
WORKDIR /src
COPY . .
# To build faster and run slower, as the tests do: --build-arg CARGO_PROFILE_RELEASE_OPT_LEVEL=0 and so on.
ARG CARGO_PROFILE_RELEASE_OPT_LEVEL
ARG CARGO_PROFILE_RELEASE_LTO
ARG CARGO_PROFILE_RELEASE_CODEGEN_UNITS
# A static glibc resolves names by /etc/resolv.conf and needs no other file. --target keeps build scripts dynamic. Where things were when
# they were compiled is left out: the same commit and the same toolchain make the same program anywhere (tests/reproducible).
RUN host=$(rustc -vV | sed -n 's/^host: //p') && cargo=${CARGO_HOME:-$HOME/.cargo} && \
    export RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=$PWD=/src --remap-path-prefix=$cargo=/cargo" && \
    export CFLAGS="-ffile-prefix-map=$PWD=/src -ffile-prefix-map=$cargo=/cargo" && \
    cargo build --release --locked --bin callbox --target "$host" && \
    mkdir -p /image/etc /image/data && \
    cp "target/$host/release/callbox" /image/callbox && \
    echo 'callbox:x:65532:65532:callbox:/data:/' > /image/etc/passwd && \
    # Docker lets any user have port 443 on its own networks, not on the host's. BuildKit copies this into the image;
    # Docker's builder of before 23.0 drops it, and callbox then says which sysctl to set.
    setcap cap_net_bind_service=+ep /image/callbox

# What the binary is made of; built only when it is asked for.
FROM ${BUILD_IMAGE} AS inventory
WORKDIR /src
COPY . .
RUN cargo install cargo-cyclonedx --version 0.5.9 --locked && \
    cargo cyclonedx --format json --describe binaries --target "$(rustc -vV | sed -n 's/^host: //p')" && \
    mv callbox_bin.cdx.json /callbox.cdx.json
FROM scratch AS sbom
COPY --from=inventory /callbox.cdx.json /

FROM scratch
COPY --from=build /image/etc /etc
COPY --from=build /image/callbox /callbox
COPY --from=build --chown=65532:65532 /image/data /data
USER 65532:65532
# callbox.toml is looked for here, next to the certificate and the keys.
WORKDIR /data
VOLUME /data
ENV CALLBOX_LISTEN=[::]:443 CALLBOX_DATA_DIR=/data
EXPOSE 443/tcp 443/udp 3478/tcp 3478/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=5s --retries=3 CMD ["/callbox", "healthcheck"]
ENTRYPOINT ["/callbox"]
