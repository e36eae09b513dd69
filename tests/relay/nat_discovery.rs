//! coturn's client for NAT behaviour discovery (RFC 5780) against our relay on two loopback addresses. There is no NAT here, and
//! that is what it has to find out.

use std::net::SocketAddr;
use std::process::Command;

use callbox::relay::Ports;

use crate::coturn_tools::installed;
use crate::world::World;

/// A relay at 127.0.0.1 and 127.0.0.2, by sockets for each address or by wildcards that hear both.
fn world(listen: &[&str; 2]) -> World {
    World::with(Ports::None, |options| {
        options.listen = listen.map(|address| address.parse().unwrap()).to_vec();
        options.nat_discovery = Some(["127.0.0.1", "127.0.0.2"].map(|ip| ip.parse().unwrap()));
    })
}

/// What `turnutils_natdiscovery` says about the way to `server`.
fn discovered(server: SocketAddr, test: &[&str]) -> String {
    let (ip, port) = (server.ip().to_string(), server.port().to_string());
    let output =
        Command::new("turnutils_natdiscovery").args(test).args(["-L", "127.0.0.1", "-p", &port, &ip]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{test:?}: {said}");
    said.into_owned()
}

#[test]
fn coturns_client_finds_out_that_there_is_no_nat() {
    if !installed("turnutils_natdiscovery") {
        return;
    }
    for listen in [["127.0.0.1:0", "127.0.0.1:0"], ["0.0.0.0:0", "0.0.0.0:0"], ["[::]:0", "[::]:0"]] {
        let world = world(&listen);
        let server = SocketAddr::new([127, 0, 0, 1].into(), world.udp.port());
        for test in [&["-m"][..], &["-m", "-P"]] {
            let said = discovered(server, test);
            assert!(said.contains("NAT with Endpoint Independent Mapping!"), "{test:?} at {listen:?}: {said}");
        }
        for test in [&["-f"][..], &["-f", "-P"]] {
            let said = discovered(server, test);
            assert!(said.contains("NAT with Endpoint Independent Filtering!"), "{test:?} at {listen:?}: {said}");
        }
    }
}
