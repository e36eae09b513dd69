//! The server of the crate `turn` (0.17), run by this program in a process of its own, as that crate's example does.

use std::env;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::net::UdpSocket;
use turn::auth::{AuthHandler, generate_auth_key};
use turn::relay::relay_static::RelayAddressGeneratorStatic;
use turn::server::Server as TurnServer;
use turn::server::config::{ConnConfig, ServerConfig};
use webrtc_util::vnet::net::Net;

use super::{Server, Wanted};
use crate::loads::Load;
use crate::stun::{PASSWORD, REALM, USER};

/// The crate `turn`.
pub(crate) struct TurnCrate;

impl Server for TurnCrate {
    fn name(&self) -> &str {
        "turn 0.17 (crate)"
    }

    fn takes(&self, load: Load) -> Result<(), &'static str> {
        match load {
            Load::Tls => Err("serves UDP only"),
            _ => Ok(()),
        }
    }

    fn command(&self, wanted: &Wanted<'_>) -> Result<Command> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["--serve-turn-crate", &wanted.udp.to_string()]);
        Ok(command)
    }
}

/// Serves at `address` until the process is ended.
pub(crate) fn serve(address: SocketAddr) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let relay_addr_generator = RelayAddressGeneratorStatic {
            relay_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            address: Ipv4Addr::LOCALHOST.to_string(),
            net: Arc::new(Net::new(None)),
        };
        let conn = Arc::new(UdpSocket::bind(address).await?);
        let _server = TurnServer::new(ServerConfig {
            conn_configs: vec![ConnConfig { conn, relay_addr_generator: Box::new(relay_addr_generator) }],
            realm: REALM.to_owned(),
            auth_handler: Arc::new(OneUser),
            channel_bind_timeout: Duration::ZERO,
            alloc_close_notify: None,
        })
        .await?;
        std::future::pending().await
    })
}

struct OneUser;

impl AuthHandler for OneUser {
    fn auth_handle(&self, user: &str, realm: &str, _client: SocketAddr) -> Result<Vec<u8>, turn::Error> {
        match user {
            USER => Ok(generate_auth_key(USER, realm, PASSWORD)),
            _ => Err(turn::Error::ErrNoSuchUser),
        }
    }
}
