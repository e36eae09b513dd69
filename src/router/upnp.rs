//! UPnP's Internet Gateway Device: found by multicast, then asked over HTTP. Anybody in the network may answer a multicast, so
//! whoever is not the router of our default route is not listened to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use igd_next::aio::Gateway;
use igd_next::aio::tokio::{Tokio, search_gateway};
use igd_next::{AddPortError, GatewayIpVersion, PortMappingProtocol, RequestError, SearchOptions};
use tokio::time::timeout;

use super::client::{Grant, No};
use super::control::LIFETIME;
use super::route::Route;
use super::{Refusal, Transport, Wanted};

/// A router that speaks it.
#[derive(Debug)]
pub(super) struct Upnp {
    gateway: Gateway<Tokio>,
    own: Ipv4Addr,
}

/// Devices may wait for as long as MX says before they answer, and igd-next says 3 seconds.
const SEARCH: Duration = Duration::from_secs(3);

/// For one question.
const PATIENCE: Duration = Duration::from_secs(3);

/// Shown in the router's list.
const DESCRIPTION: &str = "callbox";

/// 725 of WANIPConnection: an entry without an end is all it makes.
const FOR_EVER: u32 = 0;

impl Upnp {
    /// The router of `route`, if it answers.
    pub(super) async fn find(route: Route) -> Option<Upnp> {
        let mut options = SearchOptions::default();
        options.bind_addr = (route.own, 0).into();
        options.timeout = Some(SEARCH);
        options.single_search_timeout = Some(SEARCH);
        options.gateway_ip_version = GatewayIpVersion::V4;
        let gateway = search_gateway(options).await.ok()?;
        let is_router = gateway.addr.ip() == IpAddr::from(route.router);
        is_router.then_some(Upnp { gateway, own: route.own })
    }

    pub(super) async fn map(&mut self, wanted: &Wanted) -> Result<Grant, No> {
        match self.add(wanted, wanted.outside).await {
            Err(AddPortError::PortInUse) if wanted.movable => self.add_any(wanted).await,
            Err(AddPortError::SamePortValuesRequired) if wanted.movable => {
                let added = self.add(wanted, wanted.port).await;
                added.map(|()| granted(wanted.port)).map_err(no)
            }
            added => added.map(|()| granted(wanted.outside)).map_err(no),
        }
    }

    async fn add(&self, wanted: &Wanted, outside: u16) -> Result<(), AddPortError> {
        let add = async |lifetime| {
            let local = SocketAddr::new(self.own.into(), wanted.port);
            let adding = self.gateway.add_port(protocol(wanted.transport), outside, local, lifetime, DESCRIPTION);
            timeout(PATIENCE, adding).await.unwrap_or_else(|late| Err(AddPortError::RequestError(late.into())))
        };
        match add(LIFETIME.as_secs() as u32).await {
            Err(AddPortError::OnlyPermanentLeasesSupported) => add(FOR_EVER).await,
            added => added,
        }
    }

    async fn add_any(&self, wanted: &Wanted) -> Result<Grant, No> {
        let local = SocketAddr::new(self.own.into(), wanted.port);
        let lifetime = LIFETIME.as_secs() as u32;
        let adding = self.gateway.add_any_port(protocol(wanted.transport), local, lifetime, DESCRIPTION);
        match timeout(PATIENCE, adding).await {
            Ok(Ok(port)) => Ok(granted(port)),
            Ok(Err(_)) => Err(No::Refused(Refusal::Taken)),
            Err(_) => Err(No::Silent),
        }
    }

    pub(super) async fn unmap(&self, wanted: &Wanted, port: u16) {
        // Who does not hear it lets the entry end by itself.
        let _ = timeout(PATIENCE, self.gateway.remove_port(protocol(wanted.transport), port)).await;
    }

    pub(super) async fn outside(&self) -> Option<Ipv4Addr> {
        match timeout(PATIENCE, self.gateway.get_external_ip()).await {
            Ok(Ok(IpAddr::V4(ip))) => Some(ip),
            _ => None,
        }
    }
}

fn granted(port: u16) -> Grant {
    Grant { port, lifetime: LIFETIME, epoch: None }
}

fn protocol(transport: Transport) -> PortMappingProtocol {
    match transport {
        Transport::Tcp => PortMappingProtocol::TCP,
        Transport::Udp => PortMappingProtocol::UDP,
    }
}

fn no(error: AddPortError) -> No {
    match error {
        AddPortError::PortInUse => No::Refused(Refusal::Taken),
        AddPortError::RequestError(RequestError::IoError(_) | RequestError::HyperClientError(_)) => No::Silent,
        // 501, "Action Failed": so say routers that have no address to forward from
        AddPortError::RequestError(RequestError::ErrorCode(501, _)) => No::Refused(Refusal::Unconnected),
        AddPortError::RequestError(RequestError::ErrorCode(code, _)) => {
            No::Refused(Refusal::Said(format!("error {code}")))
        }
        AddPortError::RequestError(_) => No::Refused(Refusal::Said("an answer that nobody understands".into())),
        error => No::Refused(Refusal::Said(error.to_string().trim_end_matches('.').to_owned())),
    }
}
