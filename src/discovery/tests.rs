//! Machines in clouds, in containers and on a desk: metadata services that are real HTTP servers, and our own relay as
//! the STUN server.

use std::convert::Infallible;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;
use crate::pass::TurnPasses;
use crate::surroundings::{Cloud, Container};
use crate::{relay, turn};

/// Method, path with query, the header it must come with, and what is answered; in this order.
type Script = &'static [(&'static str, &'static str, (&'static str, &'static str), &'static str)];

/// A machine on no network: no firmware that says anything, no interface.
fn machine() -> (TempDir, Machine) {
    let folder = tempfile::tempdir().unwrap();
    let nobody = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 9);
    let machine = Machine { root: folder.path().to_owned(), metadata: nobody, interfaces: Vec::new() };
    (folder, machine)
}

impl Machine {
    fn says(self, file: &str, text: &str) -> Machine {
        let path = self.root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn firmware(self, file: &str, text: &str) -> Machine {
        self.says(&format!("sys/class/dmi/id/{file}"), &format!("{text}\n"))
    }

    fn has(mut self, name: &str, ip: &str) -> Machine {
        self.interfaces.push(Interface { name: name.to_owned(), ip: ip.parse().unwrap() });
        self
    }
}

/// A metadata service that follows `script` and answers everything else with 404; what it was asked is kept.
async fn service(script: Script) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let log = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(|request: Request<Incoming>| {
                let (method, uri) = (request.method().to_string(), request.uri().to_string());
                log.lock().unwrap().push(format!("{method} {uri}"));
                let line = script.iter().find(|(wanted, path, (name, value), _)| {
                    let header = request.headers().get(*name).map(|given| given.as_bytes());
                    (*wanted, *path) == (&*method, &*uri) && header == Some(value.as_bytes())
                });
                let response = match line {
                    Some((.., text)) => Response::new(Full::new(Bytes::from_static(text.as_bytes()))),
                    None => Response::builder().status(404).body(Full::default()).unwrap(),
                };
                async move { Ok::<_, Infallible>(response) }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        }
    });
    (address, asked)
}

async fn in_cloud(machine: Machine, script: Script) -> Vec<PublicAddress> {
    let (metadata, _) = service(script).await;
    find(&Machine { metadata, ..machine }, &Wishes::default()).await.addresses
}

fn told(cloud: Cloud) -> Vec<PublicAddress> {
    let ip = "1.2.3.4".parse().unwrap();
    vec![PublicAddress { ip, how: How::Metadata(cloud), on_interface: false, reached: Reached::Unknown }]
}

#[tokio::test]
async fn each_cloud_is_asked_in_its_own_way() {
    let (_folder, aws) = machine();
    let aws = aws.firmware("sys_vendor", "Amazon EC2").has("ens5", "172.31.0.9");
    let script: Script = &[
        ("PUT", "/latest/api/token", ("x-aws-ec2-metadata-token-ttl-seconds", "60"), "t0ken"),
        ("GET", "/latest/meta-data/public-ipv4", ("x-aws-ec2-metadata-token", "t0ken"), "1.2.3.4"),
    ];
    assert_eq!(in_cloud(aws, script).await, told(Cloud::Aws));

    let (_folder, google) = machine();
    let google = google.firmware("product_name", "Google Compute Engine").has("ens4", "10.128.0.2");
    let path = "/computeMetadata/v1/instance/network-interfaces/0/access-configs/0/external-ip";
    let script: Script = Box::leak(Box::new([("GET", path, ("metadata-flavor", "Google"), "1.2.3.4\n")]));
    assert_eq!(in_cloud(google, script).await, told(Cloud::Google));

    let (_folder, hetzner) = machine();
    let script: Script = &[("GET", "/hetzner/v1/metadata/public-ipv4", ("host", "127.0.0.1"), "1.2.3.4")];
    assert_eq!(in_cloud(hetzner.firmware("sys_vendor", "Hetzner"), script).await, told(Cloud::Hetzner));
}

#[tokio::test]
async fn azures_two_kinds_of_public_addresses_are_both_found() {
    const BY_INTERFACE: &str = "/metadata/instance/network/interface/0/ipv4/ipAddress/0/publicIpAddress\
                                ?api-version=2021-02-01&format=text";
    const BALANCER: &str = "/metadata/loadbalancer?api-version=2020-10-01";
    const DOCUMENT: &str = r#"{"loadbalancer":{"publicIpAddresses":[{"frontendIpAddress":"1.2.3.4"}]}}"#;
    let metadata = ("metadata", "true");
    let basic: Script = Box::leak(Box::new([("GET", BY_INTERFACE, metadata, "1.2.3.4")]));
    let standard: Script =
        Box::leak(Box::new([("GET", BY_INTERFACE, metadata, ""), ("GET", BALANCER, metadata, DOCUMENT)]));
    for script in [basic, standard] {
        let (_folder, azure) = machine();
        let azure = azure.firmware("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77").has("eth0", "10.0.0.4");
        assert_eq!(in_cloud(azure, script).await, told(Cloud::Azure));
    }
}

#[tokio::test]
async fn a_machine_that_does_not_say_it_is_in_a_cloud_asks_nobody() {
    let (metadata, asked) = service(&[]).await;
    for vendor in ["Dell Inc.", "Microsoft Corporation", "QEMU"] {
        let (_folder, machine) = machine();
        let machine = Machine { metadata, ..machine.firmware("sys_vendor", vendor).has("eth0", "192.168.1.5") };
        assert_eq!(find(&machine, &Wishes::default()).await.addresses, []);
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_public_address_on_an_interface_needs_no_question() {
    let (metadata, asked) = service(&[]).await;
    let (_folder, machine) = machine();
    let machine = machine.firmware("sys_vendor", "Hetzner").has("eth0", "1.2.3.4").has("eth0", "2a01:4f8::1");
    let found = find(&Machine { metadata, ..machine.has("docker0", "172.17.0.1") }, &Wishes::default()).await;
    let ips: Vec<String> = found.addresses.iter().map(|address| address.ip.to_string()).collect();
    assert_eq!(ips, ["1.2.3.4", "2a01:4f8::1"]);
    assert!(found.addresses.iter().all(|address| address.on_interface));
    assert!(found.translated().is_empty(), "the relay sees them by itself");
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_typed_in_wins_and_nobody_is_asked() {
    let (metadata, asked) = service(&[]).await;
    let (_folder, machine) = machine();
    let machine = Machine { metadata, ..machine.firmware("sys_vendor", "Amazon EC2").has("ens5", "5.6.7.8") };
    let wishes = Wishes { typed: vec!["1.2.3.4".parse().unwrap()], stun_servers: vec!["127.0.0.1:9".to_owned()] };
    let found = find(&machine, &wishes).await;
    assert_eq!(found.addresses.iter().map(|address| &address.how).collect::<Vec<_>>(), [&How::Typed]);
    assert_eq!(found.translated(), wishes.typed);
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn rubbish_from_a_metadata_service_is_no_address() {
    for rubbish in ["<html>login</html>", "10.0.0.7", "127.0.0.1", "", "1.2.3.4.5", "::1"] {
        let (_folder, machine) = machine();
        let line = ("GET", "/hetzner/v1/metadata/public-ipv4", ("host", "127.0.0.1"), rubbish);
        let script: Script = Box::leak(Box::new([line]));
        assert_eq!(in_cloud(machine.firmware("sys_vendor", "Hetzner"), script).await, [], "{rubbish}");
    }
}

#[tokio::test]
async fn a_metadata_service_that_never_answers_holds_nothing_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_folder, machine) = machine();
    let machine = Machine { metadata: silent.local_addr().unwrap(), ..machine.firmware("sys_vendor", "Hetzner") };
    let found = timeout(Duration::from_secs(20), find(&machine, &Wishes::default())).await.unwrap();
    assert_eq!((found.cloud, found.addresses), (Some(Cloud::Hetzner), Vec::new()));
}

#[tokio::test]
async fn a_stun_server_tells_what_it_sees_and_a_dead_one_holds_nothing_up() {
    let mut options = relay::Options::new(turn::Options::new("test", [0; 32], TurnPasses::default()));
    options.listen = vec!["127.0.0.1:0".parse().unwrap()];
    let relay = relay::Relay::bind(options).unwrap();
    let server = relay.local_addresses()[0].to_string();
    let running = relay.serve();
    let servers = [server.clone(), "127.0.0.1:9".to_owned(), "no such name:3478".to_owned()];
    let seen = stun_client::ask_all(&servers).await;
    assert_eq!(seen, [(IpAddr::from(Ipv4Addr::LOCALHOST), server.clone())]);
    let (_folder, machine) = machine();
    let found = find(&machine, &Wishes { stun_servers: vec![server], ..Wishes::default() }).await;
    assert_eq!(found.addresses, [], "a loopback address is no way for others to reach us");
    tokio::task::spawn_blocking(|| running.stop()).await.unwrap();
}

#[test]
fn docker_is_recognised_and_so_is_the_hosts_network() {
    let (_folder, plain) = machine();
    assert_eq!(plain.has("eth0", "172.17.0.2").container(), None);
    let (_folder, bridged) = machine();
    let bridged = bridged.says(".dockerenv", "").says("sys/class/net/eth0/ifindex", "2\n");
    let bridged = bridged.says("sys/class/net/eth0/iflink", "37\n").has("eth0", "172.17.0.2");
    assert_eq!(bridged.container(), Some(Container::Bridge));
    let (_folder, pod) = machine();
    let pod = pod.says("proc/1/cgroup", "1:name=systemd:/kubepods/besteffort/pod7\n").has("eth0", "10.1.0.2");
    assert!(pod.container().is_some(), "an engine that leaves no file behind");
    let (_folder, host) = machine();
    let host = host.says(".dockerenv", "").says("sys/class/net/enp3s0/ifindex", "2\n");
    let host = host.says("sys/class/net/enp3s0/iflink", "2\n").has("enp3s0", "192.168.1.5");
    assert_eq!(host.container(), Some(Container::HostNetwork));
}

#[test]
fn what_the_router_tells_is_taken_and_exchanged_and_never_wins_over_what_was_typed() {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let typed =
        PublicAddress { ip: ip("203.0.113.1"), how: How::Typed, on_interface: false, reached: Reached::Unknown };
    let mut found = Found { addresses: vec![typed], ..Found::default() };
    found.learn(Some((ip("11.0.0.7"), "PCP")));
    assert_eq!(found.public(), [ip("203.0.113.1")]);

    let mut found = Found::default();
    found.learn(Some((ip("11.0.0.7"), "PCP")));
    assert_eq!((found.public(), found.translated()), (vec![ip("11.0.0.7")], vec![ip("11.0.0.7")]));
    assert!(found.addresses[0].to_string().contains("told by the router (PCP)"));
    found.learn(Some((ip("11.0.0.8"), "PCP")));
    assert_eq!(found.public(), [ip("11.0.0.8")]);
    found.learn(None);
    assert!(found.public().is_empty());
}
