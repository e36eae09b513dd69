//! What is decided inside the store, in one step each.

use redis::{Cmd, RedisResult, aio::MultiplexedConnection};

/// The scripts' names in the store, once they are there.
#[derive(Clone, Debug)]
pub(super) struct Scripts {
    pub(super) beat: String,
    pub(super) claim: String,
    pub(super) release: String,
    pub(super) fate: String,
}

impl Scripts {
    pub(super) async fn load(store: &mut MultiplexedConnection) -> RedisResult<Scripts> {
        let load = |text: &str| redis::cmd("SCRIPT").arg("LOAD").arg(text).to_owned();
        Ok(Scripts {
            beat: load(include_str!("scripts/beat.lua")).query_async(store).await?,
            claim: load(include_str!("scripts/claim.lua")).query_async(store).await?,
            release: load(include_str!("scripts/release.lua")).query_async(store).await?,
            fate: load(include_str!("scripts/fate.lua")).query_async(store).await?,
        })
    }
}

/// A call of a script with these keys and arguments.
pub(super) fn call(script: &str, keys: &[&str], arguments: &[&[u8]]) -> Cmd {
    let mut call = redis::cmd("EVALSHA");
    call.arg(script).arg(keys.len()).arg(keys).arg(arguments);
    call
}
