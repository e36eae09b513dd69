//! PCP (RFC 6887) and its elder sister NAT-PMP (RFC 6886): one datagram there, one back.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU16;
use std::time::Duration;

use crab_nat::{GatewayAddress, InternetProtocol, PortMapping, PortMappingOptions, PortMappingType, TimeoutConfig};
use crab_nat::{natpmp, pcp};

use super::client::{Grant, No};
use super::route::Route;
use super::standing::Language;
use super::{Refusal, Transport, Wanted};

/// A router that speaks one of them.
#[derive(Debug)]
pub(super) struct Control {
    route: Route,
    pub(super) language: Language,
    nonce: pcp::Nonce,
    /// PCP tells it with each port.
    outside: Option<Ipv4Addr>,
}

/// 250 and 500 ms: RFC 6886, 3.1 begins so. A router is one hop away; who answers later is asked again in a minute.
const PATIENCE: TimeoutConfig =
    TimeoutConfig { initial_timeout: Duration::from_millis(250), max_retries: 1, max_retry_timeout: None };

/// Two hours are recommended (RFC 6886, 3.3); after a crash nobody gives the ports back, so an hour.
pub(super) const LIFETIME: Duration = Duration::from_secs(3600);

impl Control {
    /// Whoever answers, and whether it forwards `first`. "a client supporting both … SHOULD optimistically assume that the gateway
    /// supports PCP" (RFC 6887, Appendix A).
    pub(super) async fn find(route: Route, nonce: [u8; 12], first: &Wanted) -> Option<(Control, bool)> {
        let word = |at: usize| u32::from_be_bytes([nonce[at], nonce[at + 1], nonce[at + 2], nonce[at + 3]]);
        let nonce = [word(0), word(4), word(8)];
        let mut control = Control { route, language: Language::Pcp, nonce, outside: None };
        for language in [Language::Pcp, Language::NatPmp] {
            control.language = language;
            match control.map(first).await {
                Ok(_) => return Some((control, true)),
                Err(No::Refused(_)) => return Some((control, false)),
                Err(No::Silent) => {}
            }
        }
        None
    }

    pub(super) async fn map(&mut self, wanted: &Wanted) -> Result<Grant, No> {
        let Some(port) = NonZeroU16::new(wanted.port) else {
            return Err(No::Refused(Refusal::Said("no port 0".into())));
        };
        let options = PortMappingOptions {
            external_port: NonZeroU16::new(wanted.outside),
            lifetime_seconds: Some(LIFETIME.as_secs() as u32),
            timeout_config: Some(PATIENCE),
        };
        let (router, protocol) = (self.router(), protocol(wanted.transport));
        let mapping = match self.language {
            Language::Pcp => {
                let base = pcp::BaseMapRequest::new(router, self.route.own.into(), protocol, port);
                pcp::port_mapping(base, Some(self.nonce), None, options).await.map_err(no_pcp)?
            }
            _ => natpmp::port_mapping(router, protocol, port, options).await.map_err(no_natpmp)?,
        };
        if let PortMappingType::Pcp { external_ip, .. } = mapping.mapping_type() {
            self.outside = ipv4(external_ip);
        }
        Ok(grant(&mapping))
    }

    pub(super) async fn unmap(&self, wanted: &Wanted) {
        let (router, protocol) = (self.router(), protocol(wanted.transport));
        let Some(port) = NonZeroU16::new(wanted.port) else { return };
        // Who does not hear it lets the entry end by itself.
        match self.language {
            Language::Pcp => {
                let range = pcp::DropMappingRange::Single { internal_port: port, protocol };
                let own = self.route.own.into();
                let _ = pcp::try_drop_mapping(router, own, self.nonce, range, Some(PATIENCE)).await;
            }
            _ => drop(natpmp::try_drop_mapping(router, protocol, Some(port), Some(PATIENCE)).await),
        }
    }

    /// PCP has no question of its own for it, and most who speak it know NAT-PMP's.
    pub(super) async fn outside(&self) -> Option<Ipv4Addr> {
        match self.outside {
            Some(told) => Some(told),
            None => natpmp::external_address(self.router(), Some(PATIENCE)).await.ok(),
        }
    }

    fn router(&self) -> GatewayAddress {
        self.route.router.into()
    }
}

fn grant(mapping: &PortMapping) -> Grant {
    Grant {
        port: mapping.external_port().get(),
        lifetime: Duration::from_secs(mapping.lifetime().into()),
        epoch: Some(mapping.gateway_epoch()),
    }
}

fn protocol(transport: Transport) -> InternetProtocol {
    match transport {
        Transport::Tcp => InternetProtocol::Tcp,
        Transport::Udp => InternetProtocol::Udp,
    }
}

fn ipv4(ip: IpAddr) -> Option<Ipv4Addr> {
    match ip.to_canonical() {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None,
    }
}

/// Another version, a closed port and bytes that are no PCP are all the same: it does not speak it.
fn no_pcp(failure: pcp::Failure) -> No {
    use pcp::Failure::{
        CannotProvideExternal, InvalidResponse, Nonce, Socket, Timeout, UnsupportedOpcode, UnsupportedVersion,
    };
    match failure {
        Socket(_) | Timeout | Nonce | InvalidResponse(_) | UnsupportedVersion(_) | UnsupportedOpcode => No::Silent,
        CannotProvideExternal(_) => No::Refused(Refusal::Taken),
        pcp::Failure::NetworkFailure(_) => No::Refused(Refusal::Unconnected),
        said => No::Refused(Refusal::Said(said.to_string())),
    }
}

fn no_natpmp(failure: natpmp::Failure) -> No {
    use natpmp::Failure::{InvalidResponse, NetworkFailure, Socket, Timeout, UnsupportedOpcode, UnsupportedVersion};
    match failure {
        Socket(_) | Timeout | InvalidResponse(_) | UnsupportedVersion(_) | UnsupportedOpcode => No::Silent,
        NetworkFailure => No::Refused(Refusal::Unconnected),
        said => No::Refused(Refusal::Said(said.to_string())),
    }
}
