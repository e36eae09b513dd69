//! The admin listener's start: on its address, or without it where nobody asked for that address.

use anyhow::anyhow;
use tracing::{info, warn};

use crate::admin::Listener;
use crate::config::Config;

/// Binds it; `None`: it is off, or its default port is another program's.
pub(super) async fn bind(config: &Config) -> anyhow::Result<Option<Listener>> {
    let (Some(options), Some(admin)) = (config.admin(), &config.admin) else { return Ok(None) };
    match Listener::bind(&options).await {
        Ok(listener) => {
            info!(address = %listener.local_address(), "metrics, health and the admin API");
            Ok(Some(listener))
        }
        Err(error) if admin.is_wanted => {
            Err(anyhow!("{error}: {}; change admin.listen in callbox.toml, or empty it to go without", error.cause))
        }
        Err(error) => {
            warn!(cause = %error.cause, "{error}, so there is none; set admin.listen to another address");
            Ok(None)
        }
    }
}
