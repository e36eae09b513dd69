//! What each cause means and what mends it, in the words of a terminal. One place, so that README's table can be held
//! against it.

use super::judge::{Cause, Family, Port};
use crate::firewall::{self, Found, Protocol};
use crate::turn::is_special;

/// A cause for whoever runs the server.
pub(super) struct Words {
    /// Short: the key of README's table.
    pub(super) title: String,
    /// What is the matter, and what to do.
    pub(super) remedy: String,
}

/// The words for `cause` at the server that was opened as `host`; `here`: the firewalls of this machine, where it is the server.
pub(super) fn words(cause: &Cause, host: &str, here: Option<&Found>) -> Words {
    let (title, remedy) = match cause {
        Cause::NoSuchName => (
            "the name has no address".to_owned(),
            format!("Make an A record (and AAAA for IPv6) for {host} that holds the server's public address; new records take minutes to be known."),
        ),
        Cause::DnsElsewhere => (
            "DNS points elsewhere".to_owned(),
            format!("None of the addresses of {host} is a public address of this machine. Change the A and AAAA records, or say with --external-ip what this machine's address is."),
        ),
        Cause::OtherFamilyBroken(family) => {
            let (family, record) = match family {
                Family::V4 => ("IPv4", "A"),
                Family::V6 => ("IPv6", "AAAA"),
            };
            (
                format!("{family} does not lead to the server"),
                format!("The name's {record} record leads to where nobody answers, while the other family works. Correct or remove the record, or let callbox and the firewall take {family} too."),
            )
        }
        Cause::NothingListens(port) => (
            format!("nothing listens on {port}"),
            format!("The machine is there and has nothing on {port}. Start callbox, or compare `listen` and `turn.listen` with the address you opened; in Docker publish the port with -p {}.", published(*port)),
        ),
        Cause::Filtered(port) => (
            format!("{port} is dropped on the way"),
            format!("Not a word comes back from {port}: a firewall drops it, most often the cloud's security group. {}", opened(*port, here)),
        ),
        Cause::HostFirewall(port) => (
            format!("a firewall turns {port} away"),
            format!("A firewall says aloud that {port} is closed, as firewalld on the server does. {}", opened(*port, here)),
        ),
        Cause::UdpNotPassedOn(port) => (
            format!("UDP {port} is not passed on"),
            format!("TCP {port} reaches callbox, and UDP {port} reaches nobody. In Docker add -p {port}:{port}/udp; a router or load balancer in front needs a rule for UDP besides the one for TCP."),
        ),
        Cause::NoNetwork => (
            "this machine has no way there".to_owned(),
            "It is not connected, or not to that kind of network. Check from another one.".to_owned(),
        ),
        Cause::FromInside => (
            "not to be told from inside".to_owned(),
            "Many networks do not lead a machine back to its own public address. Check from outside: `callbox check --phone`, or `callbox check` on another machine.".to_owned(),
        ),
        Cause::NoTls => (
            "plain http where https was opened".to_owned(),
            "What listens there speaks no TLS. Open the port that callbox prints at the start, or set `tls.mode` to something else than off.".to_owned(),
        ),
        Cause::TlsCut => (
            "the connection is cut".to_owned(),
            "TCP opens and then it is ended or held: by a firewall that looks into connections, or by a server that is stuck. Try from another network; if it is the same there, look into the server's log.".to_owned(),
        ),
        Cause::TlsIntercepted(issuer) => (
            "TLS is intercepted".to_owned(),
            format!("The certificate is by {issuer}, whom browsers do not know: something between here and the server decrypts, such as a company's proxy or a virus scanner. Check from another network. If it is your own authority: --ca FILE."),
        ),
        Cause::SelfMade => (
            "callbox made the certificate itself".to_owned(),
            "Browsers warn. With a public name or address, and port 443 or 80 open, callbox orders a trusted one; the start says what is in the way. To test the rest: --insecure.".to_owned(),
        ),
        Cause::SelfSigned => (
            "the certificate is self-signed".to_owned(),
            "Browsers warn. Give callbox one by a known authority in `tls.cert` and `tls.key`, or let it order one (`tls.mode = \"auto\"`). To test the rest: --insecure.".to_owned(),
        ),
        Cause::CertificateExpired => (
            "the certificate is over".to_owned(),
            "Browsers refuse it. Renew the files in `tls.cert` and `tls.key`, or the proxy's in front; callbox reads them again by itself.".to_owned(),
        ),
        Cause::CertificateNotYet => (
            "the certificate is not good yet".to_owned(),
            "It was made by a machine whose clock was ahead. Set that clock (timedatectl set-ntp true) and make the certificate anew.".to_owned(),
        ),
        Cause::CertificateNames(names) => (
            "the certificate is for another name".to_owned(),
            format!("It is good for {} and not for {host}. Open one of these, add {host} to `names` (--name {host}), or correct DNS if it is another server's.", names.join(", ")),
        ),
        Cause::CertificateBroken => (
            "browsers refuse the certificate".to_owned(),
            "Make it anew: the chain in `tls.cert` begins with the server's own and goes on with who signed it.".to_owned(),
        ),
        Cause::BrowserDistrusts => (
            "this browser does not trust the relay's certificate".to_owned(),
            "The relay works in the clear on the same port, and calls are encrypted in any case. Browsers do TURN over TLS only by a name, with a certificate that they trust: give the server both, and callers behind the strictest networks get through too.".to_owned(),
        ),
        Cause::ClockHere => (
            "this machine's clock is wrong".to_owned(),
            "By the server's clock the certificate is good. Set the clock here: timedatectl set-ntp true.".to_owned(),
        ),
        Cause::ClocksDiffer(ahead) => (
            "the clocks differ".to_owned(),
            format!("The server's is {} s {} ours. Credentials for the relay and certificates have ends: let both machines set their clocks (timedatectl set-ntp true).", ahead.abs(), if *ahead > 0 { "ahead of" } else { "behind" }),
        ),
        Cause::NotCallbox => (
            "another program has the port".to_owned(),
            format!("What answers is no callbox. Either DNS points elsewhere, or the port belongs to another server on that machine: compare the address of {host} and the port with what callbox prints at the start."),
        ),
        Cause::ProxyWithoutBackend => (
            "the proxy does not reach callbox".to_owned(),
            "A proxy in front answers in its place. Is callbox running, and on the address that the proxy has? `callbox proxy NAME` prints what it needs.".to_owned(),
        ),
        Cause::ProxyWithoutWebSocket => (
            "a proxy passes no WebSockets".to_owned(),
            "The page comes and the WebSocket does not: a proxy in front drops the Upgrade header. `callbox proxy nginx` (caddy, traefik, haproxy) prints the lines it lacks.".to_owned(),
        ),
        Cause::ProxyChangesHost => (
            "a proxy changes the Host header".to_owned(),
            "callbox takes the page's own WebSocket for a foreign one. Let the proxy pass Host on as it comes; `callbox proxy NAME` prints how.".to_owned(),
        ),
        Cause::ProxyHoldsBack => (
            "the WebSocket opens and nothing comes through".to_owned(),
            "A proxy in front buffers or ends it. Switch buffering off and give it an hour's patience; `callbox proxy NAME` prints the lines.".to_owned(),
        ),
        Cause::ProxyWithoutRelay => (
            "a proxy passes the page and no relay".to_owned(),
            "HTTP comes through on this port and TURN does not: what stands in front understands HTTP alone. Let it pass bytes on by the name (SNI), or give callbox a port of its own for the relay; `callbox proxy NAME` says which of both it can.".to_owned(),
        ),
        Cause::Apart => (
            "the servers do not hear each other".to_owned(),
            "This one shares its rooms with others and has lost their Redis (`cluster.redis`): calls go on, and nobody new comes in. Let Redis run and this server reach it; the rest comes back by itself.".to_owned(),
        ),
        Cause::ServerFull => (
            "as many are connected as may be".to_owned(),
            "Raise `max_connections` or `max_connections_per_address`, or find out who holds so many.".to_owned(),
        ),
        Cause::TestedEnough => (
            "this address has tested enough".to_owned(),
            "The server limits tests by address. Wait five minutes.".to_owned(),
        ),
        Cause::RelayFull => (
            "the relay takes nobody more".to_owned(),
            "It is about to stop, its `turn.max_allocations` are used up, or this month's `turn.monthly_budget` is.".to_owned(),
        ),
        Cause::CredentialsRefused => (
            "the relay refuses the server's credentials".to_owned(),
            "Page and relay have different secrets or clocks that differ by more than five minutes. Behind this name is more than one server: give all of them the same `turn.secrets`, and set their clocks.".to_owned(),
        ),
        Cause::WrongExternalIp(ip) if is_special(*ip) => (
            "the relay does not know its public address".to_owned(),
            format!("It hands out {ip}, which nobody outside reaches. Set `turn.external_ip` (--external-ip) to the server's public address."),
        ),
        Cause::WrongExternalIp(ip) => (
            "the relay hands out a wrong address".to_owned(),
            format!("It hands out {ip}, where no callbox answers. Correct `turn.external_ip` (--external-ip), or set it to auto."),
        ),
        Cause::RelayLosesData => (
            "the relay loses data".to_owned(),
            "It gives addresses, and nothing comes through between them. Several servers behind one name, or a load balancer that spreads one caller's packets, do that: lead each caller to one server.".to_owned(),
        ),
        Cause::NarrowPath(size) => (
            format!("packets of {size} bytes are lost"),
            "A tunnel or DSL line on the way is narrower and does not say so. Calls work, as browsers send smaller ones; if pictures stall, let the router clamp the MSS or lower its MTU.".to_owned(),
        ),
        Cause::LossyPath => (
            "packets get lost on the way".to_owned(),
            "Calls go on with poorer pictures. Check from another network: if nothing is lost there, it is the line or the Wi-Fi here; else the server's network, or a server that is too busy.".to_owned(),
        ),
        Cause::DiskFull => (
            "the disk is full".to_owned(),
            "The server goes on with what it has, and cannot keep new certificates and what became of invitations. Make room where its `data_dir` is.".to_owned(),
        ),
        Cause::Unknown => (
            "no known cause".to_owned(),
            "Look into the server's log at that moment: --log-level debug says more.".to_owned(),
        ),
    };
    Words { title, remedy }
}

/// In the words of `callbox ports`.
fn opened(port: Port, here: Option<&Found>) -> String {
    let protocol = if port.udp { Protocol::Udp } else { Protocol::Tcp };
    match here.map(|found| firewall::opening(found, port.number, protocol)) {
        Some(lines) if !lines.is_empty() => lines,
        _ => format!("Allow {port} there and on the server; `callbox ports` on it prints the lines."),
    }
}

fn published(Port { number, udp }: Port) -> String {
    format!("{number}:{number}/{}", if udp { "udp" } else { "tcp" })
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", if self.udp { "UDP" } else { "TCP" }, self.number)
    }
}
