//! Keeps the ports forwarded: asks, asks again before an entry ends, notices a router that restarted or whose address changed,
//! and gives everything back at a clean end. After a crash the entries end by themselves within the hour.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::client::{Client, No};
use super::route::Route;
use super::{Answer, Outside, Port, Refusal, Standing, Wanted, Wishes};

/// See the module's text.
#[derive(Debug)]
pub struct Keeper {
    wishes: Wishes,
    nonce: [u8; 12],
    told: watch::Sender<Standing>,
    again: Arc<Notify>,
    session: Option<Session>,
}

/// What one router was asked for.
#[derive(Debug)]
struct Session {
    route: Route,
    client: Client,
    ports: Vec<Port>,
    outside: Option<Ipv4Addr>,
    epoch: Option<u32>,
    /// When all entries are asked for again.
    renew_at: Instant,
}

/// Between two looks: so long a new address, or a router that has forgotten us, is not noticed. A look is two datagrams or two
/// small requests.
const LOOK: Duration = Duration::from_secs(60);

/// For giving back at the end: a server that stops has eight seconds in all.
const FAREWELL: Duration = Duration::from_secs(3);

impl Keeper {
    /// `nonce` is the same after every restart: by it a router that speaks PCP knows the owner of an entry again (RFC 6887, 11.2).
    pub fn new(wishes: Wishes, nonce: [u8; 12]) -> Keeper {
        Keeper { wishes, nonce, told: watch::Sender::default(), again: Arc::default(), session: None }
    }

    /// How it stands, at any time.
    pub fn told(&self) -> watch::Receiver<Standing> {
        self.told.subscribe()
    }

    /// By this it looks at once: somebody has perhaps changed the router's settings.
    pub fn again(&self) -> Arc<Notify> {
        self.again.clone()
    }

    /// Works until `shutdown`. Gives the ports back if `leave` is cancelled then: not where another server goes on with them.
    pub async fn run(mut self, shutdown: CancellationToken, leave: CancellationToken) {
        while shutdown.run_until_cancelled(self.look_and_wait()).await.is_some() {}
        if leave.is_cancelled()
            && let Some(session) = &self.session
            && timeout(FAREWELL, session.give_back()).await.is_err()
        {
            debug!("the router was too slow for all its ports to be given back; they end by themselves");
        }
    }

    async fn look_and_wait(&mut self) {
        let standing = self.look().await;
        self.told.send_if_modified(|before| {
            let news = *before != standing;
            *before = standing;
            news
        });
        if timeout(LOOK, self.again.notified()).await.is_ok()
            && let Some(session) = &mut self.session
        {
            session.renew_at = Instant::now();
        }
    }

    async fn look(&mut self) -> Standing {
        let wanted = self.wishes.all();
        let (Some(route), Some(first)) = (Route::out(), wanted.first()) else {
            self.session = None;
            return Standing::NoRouter;
        };
        let same = match &mut self.session {
            Some(session) if session.route == route => session.answers(first).await,
            _ => false,
        };
        if !same {
            // What it held is lost to it, or it to us.
            let Some(client) = Client::find(route, self.nonce, first).await else {
                self.session = None;
                return Standing::Silent(route.router);
            };
            self.session = Some(Session::new(route, client));
        }
        match &mut self.session {
            Some(session) => session.renew(&wanted).await,
            None => return Standing::Silent(route.router),
        }
        self.standing()
    }

    fn standing(&self) -> Standing {
        let Some(session) = &self.session else { return Standing::NoRouter };
        Standing::Answered(Answer {
            router: session.route.router,
            language: session.client.language(),
            outside: Outside::of(session.outside),
            ports: session.ports.clone(),
            too_wide: self.wishes.too_wide(),
        })
    }
}

impl Session {
    fn new(route: Route, client: Client) -> Session {
        Session { route, client, ports: Vec::new(), outside: None, epoch: None, renew_at: Instant::now() }
    }

    /// Whether the router is still there, by having it renew `first`. A change of its address, or one of its clock that tells of a
    /// restart (RFC 6886, 3.6; RFC 6887, 8.5), has everything asked for again.
    async fn answers(&mut self, first: &Wanted) -> bool {
        match self.client.map(&self.again(first)).await {
            Err(No::Silent) => return false,
            Err(No::Refused(_)) => {}
            Ok(grant) => {
                let restarted = grant.epoch < self.epoch;
                let moved = self.ports.first().is_none_or(|port| port.got != Ok(grant.port));
                self.epoch = grant.epoch;
                if restarted || moved {
                    self.renew_at = Instant::now();
                }
            }
        }
        let outside = self.client.outside().await;
        if outside != self.outside {
            self.renew_at = Instant::now();
        }
        true
    }

    /// Asks for every port when it is time.
    async fn renew(&mut self, wanted: &[Wanted]) {
        if Instant::now() < self.renew_at {
            return;
        }
        let mut lifetime = super::control::LIFETIME;
        for (at, one) in wanted.iter().enumerate() {
            let got = match self.client.map(&self.again(one)).await {
                Ok(grant) => {
                    (self.epoch, lifetime) = (grant.epoch, lifetime.min(grant.lifetime));
                    self.keep_or_give_back(one, grant.port).await
                }
                Err(No::Refused(why)) => Err(why),
                Err(No::Silent) => Err(Refusal::Said("nothing".into())),
            };
            // At once, so that an end in the middle gives back what there is.
            match self.ports.get_mut(at) {
                Some(port) => port.got = got,
                None => self.ports.push(Port { wanted: *one, got }),
            }
        }
        self.outside = self.client.outside().await;
        // "renewal … at half of its lifetime" (RFC 6886, 3.3).
        self.renew_at = Instant::now() + lifetime / 2;
    }

    /// As it was asked for, or at the port that the router gave for it.
    fn again(&self, wanted: &Wanted) -> Wanted {
        let before = self.ports.iter().find(|port| port.wanted == *wanted).and_then(|port| port.got.clone().ok());
        Wanted { outside: before.unwrap_or(wanted.outside), ..*wanted }
    }

    async fn keep_or_give_back(&self, wanted: &Wanted, port: u16) -> Result<u16, Refusal> {
        if port == wanted.outside || wanted.movable {
            return Ok(port);
        }
        self.client.unmap(wanted, port).await;
        Err(Refusal::Elsewhere(port))
    }

    async fn give_back(&self) {
        for port in &self.ports {
            if let Ok(outside) = port.got {
                self.client.unmap(&port.wanted, outside).await;
            }
        }
    }
}
