# The image is one static program, certificate authorities, and a line about its user; it ends FROM scratch.
#
#   docker build -t callbox .
#   docker run --network host -v callbox:/data callbox                      everything, on a server
#   docker run -p 443:443 -p 443:443/udp -v callbox:/data -e CALLBOX_TURN__PORTS=none callbox     published ports
#
# `callbox ports` (here: docker run --rm callbox ports) prints the ports and why each of them.

# A Debian with Rust and a C compiler; name another one to build from a mirror.
ARG BUILD_IMAGE=rust:1.95-bookworm
FROM ${BUILD_IMAGE} AS build
# setcap, for the port below 1024; certificate authorities, for asking other servers.
RUN for tool in setcap:libcap2-bin update-ca-certificates:ca-certificates; do \
      command -v "${tool%%:*}" >/dev/null || packages="$packages ${tool##*:}"; \
    done; \
    [ -z "$packages" ] || { apt-get update && apt-get install -y --no-install-recommends $packages; }
WORKDIR /src
COPY . .
# A static glibc resolves names by /etc/resolv.conf and needs no other file. --target keeps build scripts dynamic.
RUN host=$(rustc -vV | sed -n 's/^host: //p') && \
    RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --bin callbox --target "$host" && \
    mkdir -p /image/etc/ssl/certs /image/data && \
    cp "target/$host/release/callbox" /image/callbox && \
    cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ && \
    echo 'callbox:x:65532:65532:callbox:/data:/' > /image/etc/passwd && \
    # Docker lets any user have port 443 on its own networks, not on the host's. BuildKit copies this into the image;
    # Docker's builder of before 23.0 drops it, and callbox then says which sysctl to set.
    setcap cap_net_bind_service=+ep /image/callbox

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
