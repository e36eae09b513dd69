//! Redis, or what speaks like it: where the nodes of a cluster leave word for each other, and which says who keeps a room.
//! One connection (RESP3) for scripts and messages. When it breaks, everything begins anew with the next: nothing is
//! remembered from one session to another.

mod arrivals;
mod queue;
mod scripts;
mod seal;
mod session;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::cluster::{Input, NodeId};
use crate::tls::Roots;

pub use self::queue::Queue;
pub use self::seal::Keys;

use self::session::Session;

/// How this node reaches the others.
#[derive(Clone, Debug)]
pub struct Options {
    /// The store.
    pub address: Address,
    /// This run of this server.
    pub node: NodeId,
    /// What all nodes derive from the secret they share.
    pub keys: Arc<Keys>,
    /// Rooms at once on all nodes together.
    pub max_rooms: usize,
    /// How long relay credentials that are revoked could still be good.
    pub revoked_for: Duration,
}

/// `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS, read. Never printed: a password may stand in it.
#[derive(Clone)]
pub struct Address {
    info: redis::ConnectionInfo,
    /// Who may sign its certificate; `None`: without TLS.
    tls: Option<Roots>,
}

impl Address {
    /// Reads it.
    ///
    /// # Errors
    /// What to write instead; without the text, which may hold a password.
    pub fn new(url: &str) -> Result<Address, String> {
        let wrong = || "must be an address such as \"redis://:password@10.0.0.5:6379\"".to_owned();
        let (url, tls) = match url.strip_prefix("rediss://") {
            Some(rest) if rest.contains('#') => {
                return Err("has no #insecure: name the authority in cluster.ca_file".to_owned());
            }
            Some(rest) => (format!("redis://{rest}"), Some(Roots::public())),
            None if url.starts_with("redis://") => (url.to_owned(), None),
            None => return Err(wrong()),
        };
        let info: redis::ConnectionInfo = redis::IntoConnectionInfo::into_connection_info(url).map_err(|_| wrong())?;
        let settings = info.redis_settings().clone().set_protocol(redis::ProtocolVersion::RESP3);
        Ok(Address { info: info.set_redis_settings(settings), tls })
    }

    /// With an authority of one's own instead of those that browsers trust; means nothing without TLS.
    #[must_use]
    pub fn trusting(self, roots: Roots) -> Address {
        Address { tls: self.tls.map(|_| roots), ..self }
    }

    /// Where it is, for logs.
    fn place(&self) -> String {
        self.info.addr().to_string()
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(***)")
    }
}

/// The library's words hold no password: only its kinds of errors and the server's answers.
#[allow(clippy::needless_pass_by_value)] // as `map_err` wants it
fn words(cause: redis::RedisError) -> String {
    cause.to_string()
}

/// Between two tries to reach the store.
const PAUSE: Duration = Duration::from_millis(500);

/// Carries `orders` to the store and the other nodes, and what they say to `tell`, until `shutdown`.
pub async fn run(
    options: Options,
    orders: Arc<Queue>,
    tell: impl Fn(Input) + Send + Sync,
    shutdown: CancellationToken,
) {
    // Told once for each time it breaks, not for each try.
    let mut told = false;
    loop {
        let session = shutdown.run_until_cancelled(Session::open(&options, &orders, &tell)).await;
        let Some(session) = session else { return };
        let why = match session {
            Ok(session) => {
                info!(store = options.address.place(), node = %options.node, "the cluster's store is reached");
                told = false;
                let Some(why) = shutdown.run_until_cancelled(session.run()).await else { return };
                tell(Input::Down);
                why
            }
            Err(why) => why,
        };
        if !std::mem::replace(&mut told, true) {
            warn!(
                store = options.address.place(),
                cause = why,
                "the cluster's store cannot be reached: calls go on, nobody new comes in until it is back"
            );
        }
        if shutdown.run_until_cancelled(sleep(PAUSE)).await.is_none() {
            return;
        }
        // Nobody is left to carry them: what they were about is told anew.
        orders.empty();
    }
}
