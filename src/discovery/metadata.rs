//! The metadata services of clouds, which tell a machine behind their 1:1 NAT its public address. Asked only where the
//! firmware says which cloud this is, and then only in that cloud's own way: on other networks 169.254.169.254 may be
//! anybody.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::surroundings::Cloud;

/// A metadata service is on the same machine or the next switch: it answers in milliseconds.
const PATIENCE: Duration = Duration::from_secs(1);

/// An address is never longer; Azure's load balancer answers with a document.
const LONGEST_ANSWER: usize = 16 * 1024;

/// The public IPv4 address that `cloud` maps to this machine.
pub(super) async fn public_ipv4(cloud: Cloud, service: SocketAddr) -> Option<IpAddr> {
    let asked = async {
        match cloud {
            Cloud::Aws => aws(service).await,
            Cloud::Google => {
                let path = "/computeMetadata/v1/instance/network-interfaces/0/access-configs/0/external-ip";
                get(service, path, Some(("metadata-flavor", "Google"))).await
            }
            Cloud::Azure => azure(service).await,
            Cloud::Hetzner => get(service, "/hetzner/v1/metadata/public-ipv4", None).await,
            Cloud::DigitalOcean => get(service, "/metadata/v1/interfaces/public/0/ipv4/address", None).await,
            // Oracle's tells private addresses only; with the others an interface has the public one, or STUN servers know it.
            _ => None,
        }
    };
    let text = timeout(PATIENCE, asked).await.ok()??;
    let ip = IpAddr::from(text.trim().parse::<Ipv4Addr>().ok()?);
    super::is_public(ip).then_some(ip)
}

/// IMDSv2: a token first, which a request forged through a naive web server cannot get.
async fn aws(service: SocketAddr) -> Option<String> {
    let ttl = Some(("x-aws-ec2-metadata-token-ttl-seconds", "60"));
    let token = ask(service, Method::PUT, "/latest/api/token", ttl).await?;
    get(service, "/latest/meta-data/public-ipv4", Some(("x-aws-ec2-metadata-token", &token))).await
}

/// An address of the "basic" kind stands by the interface; one of the "standard" kind is told as the load balancer's.
async fn azure(service: SocketAddr) -> Option<String> {
    let by_interface = "/metadata/instance/network/interface/0/ipv4/ipAddress/0/publicIpAddress\
                        ?api-version=2021-02-01&format=text";
    let metadata = Some(("metadata", "true"));
    if let Some(text) = get(service, by_interface, metadata).await.filter(|text| !text.trim().is_empty()) {
        return Some(text);
    }
    let balancer = get(service, "/metadata/loadbalancer?api-version=2020-10-01", metadata).await?;
    let balancer: serde_json::Value = serde_json::from_str(&balancer).ok()?;
    balancer.pointer("/loadbalancer/publicIpAddresses/0/frontendIpAddress")?.as_str().map(str::to_owned)
}

async fn get(service: SocketAddr, path: &str, header: Option<(&str, &str)>) -> Option<String> {
    ask(service, Method::GET, path, header).await
}

/// One question on one connection; `None` unless the answer is a 200 with a short text.
async fn ask(service: SocketAddr, method: Method, path: &str, header: Option<(&str, &str)>) -> Option<String> {
    let stream = TcpStream::connect(service).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let mut request = Request::builder().method(method).uri(path).header("host", service.ip().to_string());
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let request = request.body(Empty::<Bytes>::new()).ok()?;
    let answered = async {
        let response = sender.send_request(request).await.ok().filter(|r| r.status() == StatusCode::OK)?;
        let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await.ok()?.to_bytes();
        String::from_utf8(body.into()).ok()
    };
    tokio::pin!(answered);
    tokio::select! {
        text = &mut answered => text,
        // The connection may end before the last of the answer was taken out of it.
        _ = connection => answered.await,
    }
}
