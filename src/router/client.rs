//! One way to talk with the router, whatever its language.

use std::net::Ipv4Addr;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::control::Control;
use super::route::Route;
use super::standing::Language;
use super::upnp::Upnp;
use super::{Refusal, Wanted};

/// Whoever answered.
#[derive(Debug)]
pub(super) enum Client {
    Control(Control),
    Upnp(Upnp),
}

/// A port that is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// The port of the router.
    pub(super) port: u16,
    /// For how long.
    pub(super) lifetime: Duration,
    /// The router's count of seconds since it began to keep such entries, where its language tells that.
    pub(super) epoch: Option<u32>,
}

/// Why nothing was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum No {
    /// It did not answer.
    Silent,
    /// It answered, and will not.
    Refused(Refusal),
}

impl Client {
    /// All languages at once, so that a silent router costs the patience of one. A router that refuses in one language may be
    /// willing in the other.
    pub(super) async fn find(route: Route, nonce: [u8; 12], first: &Wanted) -> Option<Client> {
        let (control, upnp) = (pin!(Control::find(route, nonce, first)), pin!(Upnp::find(route)));
        match select(control, upnp).await {
            Either::Left((Some((control, true)), _)) => Some(Client::Control(control)),
            Either::Left((control, upnp)) => prefer(control, upnp.await),
            Either::Right((upnp, control)) => prefer(control.await, upnp),
        }
    }

    /// Has `wanted` forwarded, or forwarded for longer.
    pub(super) async fn map(&mut self, wanted: &Wanted) -> Result<Grant, No> {
        match self {
            Client::Control(control) => control.map(wanted).await,
            Client::Upnp(upnp) => upnp.map(wanted).await,
        }
    }

    /// Has `wanted` forwarded no more, which came in at `port`.
    pub(super) async fn unmap(&self, wanted: &Wanted, port: u16) {
        match self {
            Client::Control(control) => control.unmap(wanted).await,
            Client::Upnp(upnp) => upnp.unmap(wanted, port).await,
        }
    }

    /// The router's own address outside, as far as it tells one.
    pub(super) async fn outside(&self) -> Option<Ipv4Addr> {
        let told = match self {
            Client::Control(control) => control.outside().await,
            Client::Upnp(upnp) => upnp.outside().await,
        };
        told.filter(|ip| !ip.is_unspecified())
    }

    pub(super) fn language(&self) -> Language {
        match self {
            Client::Control(control) => control.language,
            Client::Upnp(_) => Language::Upnp,
        }
    }
}

/// `control` comes with whether it was willing.
fn prefer(control: Option<(Control, bool)>, upnp: Option<Upnp>) -> Option<Client> {
    match (control, upnp) {
        (Some((control, true)), _) | (Some((control, false)), None) => Some(Client::Control(control)),
        (_, Some(upnp)) => Some(Client::Upnp(upnp)),
        (None, None) => None,
    }
}
