//! Listening sockets that somebody else has opened: the service manager, or the server before this one. What waits in their
//! queues is served by whoever has them, so nobody is refused while one server goes and the next one comes.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

/// See the module's text.
#[derive(Debug, Default)]
pub struct Inherited(Vec<(SocketAddr, TcpListener)>);

impl Inherited {
    /// In the order in which they were opened; what has no address of the internet is left out.
    pub fn new(sockets: impl IntoIterator<Item = TcpListener>) -> Inherited {
        let addressed = |socket: TcpListener| Some((socket.local_addr().ok()?, socket));
        Inherited(sockets.into_iter().filter_map(addressed).collect())
    }

    /// The one for `wanted`; port 0 takes the first of that address.
    pub(super) fn take(&mut self, wanted: SocketAddr) -> Option<TcpListener> {
        let index = self.0.iter().position(|(address, _)| fits(*address, wanted))?;
        Some(self.0.remove(index).1)
    }

    /// Where those listen that nobody wanted.
    pub fn unwanted(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|(address, _)| *address).collect()
    }
}

fn fits(address: SocketAddr, wanted: SocketAddr) -> bool {
    // "[::]" becomes "0.0.0.0" where there is no IPv6.
    let fallen_back = wanted.ip().is_unspecified() && address.ip() == IpAddr::from(Ipv4Addr::UNSPECIFIED);
    (wanted.port() == 0 || wanted.port() == address.port()) && (wanted.ip() == address.ip() || fallen_back)
}

/// The same sockets once more, for somebody else.
pub(super) fn share<'a>(sockets: impl Iterator<Item = &'a tokio::net::TcpListener>) -> io::Result<Vec<TcpListener>> {
    use std::os::fd::AsFd;
    sockets.map(|socket| Ok(socket.as_fd().try_clone_to_owned()?.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inherited(addresses: &[&str]) -> Inherited {
        Inherited::new(addresses.iter().map(|address| TcpListener::bind(address).unwrap()))
    }

    #[test]
    fn a_socket_is_found_by_its_address_once() {
        let mut inherited = inherited(&["127.0.0.1:0", "127.0.0.2:0"]);
        let [first, second] = inherited.unwanted()[..] else { panic!() };
        assert!(inherited.take((Ipv4Addr::new(127, 0, 0, 3), second.port()).into()).is_none());
        assert_eq!(inherited.take(second).unwrap().local_addr().unwrap(), second);
        assert!(inherited.take(second).is_none());
        assert_eq!(inherited.unwanted(), [first]);
    }

    #[test]
    fn a_free_port_is_the_first_of_that_address_and_the_wildcard_is_one_for_both_families() {
        let mut inherited = inherited(&["0.0.0.0:0", "127.0.0.1:0"]);
        let [all, local] = inherited.unwanted()[..] else { panic!() };
        assert_eq!(inherited.take("127.0.0.1:0".parse().unwrap()).unwrap().local_addr().unwrap(), local);
        let wanted = SocketAddr::new("::".parse().unwrap(), all.port());
        assert_eq!(inherited.take(wanted).unwrap().local_addr().unwrap(), all);
    }
}
