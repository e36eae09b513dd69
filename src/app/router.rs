//! The router in front, where the operator wants it asked: for which ports, and what follows from what it says for links,
//! certificates and relayed addresses. Nothing waits for it but the words of the start, and those a moment.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::serving::Serving;
use crate::config::Config;
use crate::data_dir::{DataDir, Error};
use crate::discovery::Found;
use crate::firewall::Listening;
use crate::router::{Keeper, Standing, Transport, Wanted, Wishes};

/// What the router says, as it says it.
pub(super) struct Forwarded {
    told: watch::Receiver<Standing>,
    again: Arc<Notify>,
    /// `public_port` as it was typed in, which wins.
    typed: Option<u16>,
}

/// A router that speaks PCP or NAT-PMP answers in milliseconds, one of UPnP within a second.
const MOMENT: Duration = Duration::from_secs(2);

/// By this a router knows us again after a restart.
const NONCE: &str = "router.nonce";

/// Has the router asked for as long as the server runs, where somebody has to, and what it will tell.
pub(super) fn start(
    config: &Config,
    listening: &Listening,
    found: &Found,
    dir: &DataDir,
    serving: &mut Serving,
) -> Result<Option<Forwarded>, Error> {
    let typed = config.public_port;
    if !config.map_ports {
        return Ok(None);
    }
    if found.is_directly_reached() {
        let told = watch::channel(Standing::Unneeded).1;
        return Ok(Some(Forwarded { told, again: Arc::default(), typed }));
    }
    let keeper = Keeper::new(wishes(listening, typed), nonce(dir)?);
    let forwarded = Forwarded { told: keeper.told(), again: keeper.again(), typed };
    serving.run_to_the_end(|shutdown, leave| keeper.run(shutdown, leave));
    Ok(Some(forwarded))
}

/// The ports that firewalls are told of, too. Only the page may be at another port outside, because its link says at which.
fn wishes(listening: &Listening, public_port: Option<u16>) -> Wishes {
    use Transport::{Tcp, Udp};
    let same = |transport, port| Wanted { transport, port, outside: port, movable: false };
    let mut ports = Vec::new();
    if listening.one_port_outside {
        let one = Wanted { outside: public_port.unwrap_or(listening.one_port), ..same(Tcp, listening.one_port) };
        ports.push(Wanted { movable: public_port.is_none(), ..one });
        ports.extend(listening.relay.iter().map(|_| Wanted { transport: Udp, ..one }));
    }
    let relay = listening.relay.as_ref();
    let further = relay.iter().flat_map(|relay| &relay.listen);
    ports.extend(further.flat_map(|port| [same(Udp, *port), same(Tcp, *port)]));
    ports.extend(listening.redirect.map(|port| same(Tcp, port)));
    Wishes { ports, range: relay.and_then(|relay| relay.range.clone()) }
}

fn nonce(dir: &DataDir) -> Result<[u8; 12], Error> {
    let fresh = || {
        let mut nonce = [0; 12];
        aws_lc_rs::rand::fill(&mut nonce).expect("the system's generator does not fail once it has started");
        nonce
    };
    match dir.read_or_make(NONCE, || fresh().to_vec())?.try_into() {
        Ok(kept) => Ok(kept),
        // Cut off by a full disk, for instance: what was asked for with it ends by itself.
        Err(_) => {
            let nonce = fresh();
            dir.write(NONCE, &nonce)?;
            Ok(nonce)
        }
    }
}

impl Forwarded {
    /// For whoever shows it.
    pub(super) fn told(&self) -> watch::Receiver<Standing> {
        self.told.clone()
    }

    /// As it is at this moment.
    pub(super) fn standing(&self) -> Standing {
        self.told.borrow().clone()
    }

    /// Has the router asked at once.
    pub(super) fn ask_again(&self) {
        self.again.notify_one();
    }

    /// The first answer, or as long as somebody waits who has started this by hand.
    pub(super) async fn first(&mut self) {
        // Whoever is late comes as a change.
        let answered = self.told.wait_for(|standing| *standing != Standing::Asking);
        drop(timeout(MOMENT, answered).await);
        self.told.mark_unchanged();
    }

    /// The next answer that differs.
    pub(super) async fn changed(router: &mut Option<Forwarded>) {
        if let Some(router) = router
            && router.told.changed().await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }

    /// Takes the address and the port at which people come into what was found and configured.
    pub(super) fn apply(&self, config: &mut Config, found: &mut Found, one_port: u16) {
        let reached = self.told.borrow().reached();
        found.learn(reached.map(|(ip, _, language)| (ip.into(), language.name())));
        config.public_port = self.typed.or(reached.map(|(_, port, _)| port).filter(|port| *port != one_port));
    }

    /// The port outside that leads to the one port.
    pub(super) fn port(&self) -> Option<u16> {
        self.told.borrow().reached().map(|(_, port, _)| port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firewall::RelayPorts;

    #[test]
    fn all_that_a_firewall_has_to_let_in_is_asked_for_and_only_the_page_may_move() {
        let relay = RelayPorts { listen: vec![3478], range: Some(50000..=50009) };
        let listening =
            Listening { one_port: 8443, one_port_outside: true, tls: true, redirect: Some(80), relay: Some(relay) };
        let wished = wishes(&listening, None);
        let ports: Vec<_> = wished.ports.iter().map(|w| (w.transport, w.port, w.outside, w.movable)).collect();
        use Transport::{Tcp, Udp};
        assert_eq!(
            ports,
            [
                (Tcp, 8443, 8443, true),
                (Udp, 8443, 8443, false),
                (Udp, 3478, 3478, false),
                (Tcp, 3478, 3478, false),
                (Tcp, 80, 80, false)
            ]
        );
        assert_eq!(wished.range, Some(50000..=50009));
        let typed = wishes(&listening, Some(443));
        assert_eq!((typed.ports[0].port, typed.ports[0].outside, typed.ports[0].movable), (8443, 443, false));
    }

    #[test]
    fn what_listens_for_this_machine_alone_is_not_forwarded() {
        let listening = Listening { one_port: 8443, one_port_outside: false, tls: true, redirect: None, relay: None };
        assert_eq!(wishes(&listening, None), Wishes::default());
    }

    #[test]
    fn the_nonce_outlives_a_restart_and_a_file_that_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        let first = nonce(&dir).unwrap();
        assert_eq!(nonce(&dir).unwrap(), first);
        dir.write(NONCE, b"cut").unwrap();
        let second = nonce(&dir).unwrap();
        assert_ne!(second, first);
        assert_eq!(nonce(&dir).unwrap(), second);
    }
}
