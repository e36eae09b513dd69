//! The admin listener: what operators and their monitoring ask a running server, over plain HTTP on an address of its own,
//! which is this machine's loopback unless a token guards it. It reads what the other rooms count anyway and passes
//! orders on; it holds no state of a call, and nothing here is on the way of a packet or a signal.
//!
//! ```text
//! listener ── guard (who asks, from where) ── routes (one table) ──┬─ metrics   figures for Prometheus
//!                                                                  ├─ health    what is well and what is not, in words
//!                                                                  ├─ api/      rooms, people, allocations, orders
//!                                                                  └─ dashboard the same for a person's eyes
//! ```
//!
//! A new route: a line in `routes.rs`, its answer in `api/`, its description in `openapi.json`; a test holds the three together.

mod answer;
mod api;
mod dashboard;
mod guard;
mod health;
mod listener;
mod metrics;
mod routes;
mod server;

use std::net::SocketAddr;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::acme;
use crate::gate;
use crate::http::Site;
use crate::pass::Secret;
use crate::relay::Streams;
use crate::router;
use crate::tls::Certificates;
use crate::turn::BudgetStep;

pub use self::listener::{BindError, Listener};

/// Where the listener is and whom it answers.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its address. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// What operators show as `Authorization: Bearer …`; `None` only where `listen` is a loopback address.
    pub token: Option<Secret>,
    /// Names by which it may be asked besides loopback's and plain addresses: those of the server.
    pub names: Vec<String>,
}

/// All that the listener looks at, and whom it passes orders to.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Rooms and people.
    pub site: Site,
    /// The relay; `None`: switched off.
    pub relay: Option<Streams>,
    /// The one port's connections.
    pub gate: gate::Counts,
    /// The certificates in use; `None`: TLS is somebody else's.
    pub certificates: Option<Certificates>,
    /// How trusted certificates stand; empty where none are ordered.
    pub trusted: acme::Report,
    /// The page's address as people open it, with a slash at its end. It changes with the router's address.
    pub link: watch::Receiver<String>,
    /// What came of asking the router in front; `None`: nobody wants that.
    pub router: Option<watch::Receiver<router::Standing>>,
    /// What the relay carried in this month; `None`: there is no budget.
    pub budget: Option<watch::Receiver<Budget>>,
    /// Has the configuration read again; whoever does it answers.
    pub reload: mpsc::Sender<oneshot::Sender<Reloaded>>,
    /// Cancelled, it has the server end as soon as nobody needs it; whoever else does that cancels it, too.
    pub drain: CancellationToken,
}

/// How the relay's monthly budget stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes that may be sent in a calendar month.
    pub limit: u64,
    /// Bytes that were.
    pub used: u64,
    /// What follows from it.
    pub step: BudgetStep,
}

/// What came of reading the configuration again: the changed keys, or everything that is wrong.
pub type Reloaded = Result<Changes, String>;

/// Changed keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// In force from now on.
    pub taken: Vec<String>,
    /// In force after a restart.
    pub waiting: Vec<String>,
}
