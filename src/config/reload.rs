//! The configuration read again while the server runs: what has changed, what of that is taken at once, and what has to
//! wait for a restart because sockets, threads or keys hang on it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use figment::value::Value;

use super::layer::Layer;
use super::read::read;
use super::reader::Reader;
use super::{Config, Inputs, Problems, load};

/// What stays until a restart: addresses and ports that are bound, threads that run, what clients were told at the
/// beginning of something that lasts.
const FIXED: [&str; 32] = [
    "listen",
    "public_port",
    "map_ports",
    "data_dir",
    "drain_timeout",
    "max_connections",
    "max_connections_per_address",
    "http.listen",
    "http.trusted_proxies",
    "http.proxy_protocol",
    "tls.mode",
    "turn.enabled",
    "turn.listen",
    "turn.ports",
    "turn.external_ip",
    "turn.external_ip_stun",
    "turn.realm",
    "turn.peers",
    "turn.nat_discovery",
    "turn.mobility",
    "turn.workers",
    "turn.fast_paths",
    "turn.monthly_budget",
    "rooms.invitation_keys",
    "call.logo",
    "admin.listen",
    "admin.token",
    "admin.token_file",
    "cluster.redis",
    "cluster.ca_file",
    "cluster.secret",
    "log.format",
];

/// Every key with the value it has.
#[derive(Clone, Debug)]
pub struct Snapshot {
    values: BTreeMap<String, Value>,
    file: PathBuf,
}

/// What came of reading again.
#[derive(Clone, Debug)]
pub struct Reload {
    /// To be in force now: the new values, and the running ones where those are fixed.
    pub config: Config,
    /// The same, by key.
    pub snapshot: Snapshot,
    /// Changed keys that are taken.
    pub taken: Vec<String>,
    /// Changed keys that wait for a restart.
    pub waiting: Vec<String>,
}

impl Snapshot {
    /// Of what `inputs` say at the moment.
    pub fn of(inputs: &Inputs) -> Snapshot {
        let reader = Reader::new(inputs.clone());
        let values = reader.keys().into_iter().map(|key| (key.clone(), reader.value(&key))).collect();
        Snapshot { values, file: inputs.file.clone().unwrap_or_else(|| "callbox.toml".into()) }
    }

    /// The files that the configuration consists of, or names: a change in one of them is a change of it.
    pub fn files(&self) -> Vec<PathBuf> {
        let named = ["tls.cert", "tls.key", "tls.acme.ca_file", "turn.secrets_file", "turn.users_file"];
        let texts = named.iter().filter_map(|key| self.values.get(*key)?.as_str());
        let paths = texts.filter(|text| !text.is_empty()).map(PathBuf::from);
        std::iter::once(self.file.clone()).chain(paths).collect()
    }
}

/// Reads everything again. After an error what is `running` stays in force.
pub fn reload(inputs: Inputs, running: &Snapshot) -> Result<Reload, Problems> {
    load(inputs.clone())?;
    let wanted = Snapshot::of(&inputs);
    let changed = wanted.values.iter().filter(|(key, value)| running.values.get(*key) != Some(value));
    let changed: Vec<String> = changed.map(|(key, _)| key.clone()).collect();
    let (waiting, taken): (Vec<_>, Vec<_>) = changed.into_iter().partition(|key| FIXED.contains(&key.as_str()));
    let mut reader = Reader::new(inputs);
    reader.hold(Layer::held(running.values.iter().filter(|(key, _)| FIXED.contains(&key.as_str()))));
    // Two good values may not go together when one of them has to wait.
    let config = read(&mut reader).filter(|_| reader.problems().is_empty());
    let config = config.ok_or_else(|| Problems(reader.problems().to_vec()))?;
    let mut snapshot = wanted;
    for key in &waiting {
        snapshot.values.extend(running.values.get(key).map(|value| (key.clone(), value.clone())));
    }
    Ok(Reload { config, snapshot, taken, waiting })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(file: &tempfile::NamedTempFile, text: &str) -> Inputs {
        std::fs::write(file.path(), text).unwrap();
        Inputs { file: Some(file.path().to_owned()), ..Inputs::default() }
    }

    #[test]
    fn every_fixed_key_is_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let snapshot = Snapshot::of(&inputs(&file, ""));
        assert_eq!(FIXED.iter().find(|key| !snapshot.values.contains_key(**key)), None);
    }

    #[test]
    fn what_can_change_changes_and_the_rest_is_named_and_stays() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let running = Snapshot::of(&inputs(&file, "listen = \"[::]:443\"\n[rooms]\nmax_people = 4"));
        let text = "listen = \"[::]:444\"\n[rooms]\nmax_people = 5\n[turn.users]\nalice = \"wonder\"";
        let reload = reload(inputs(&file, text), &running).unwrap();
        assert_eq!(reload.taken, ["rooms.max_people", "turn.users"]);
        assert_eq!(reload.waiting, ["listen"]);
        assert_eq!(reload.config.rooms.max_people, 5);
        assert_eq!(reload.config.listen.port(), 443);
        assert_eq!(reload.config.turn.unwrap().users.len(), 1);
    }

    #[test]
    fn what_waits_is_named_again_as_long_as_it_differs() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let running = Snapshot::of(&inputs(&file, ""));
        let wanted = inputs(&file, "listen = \"[::]:444\"");
        let first = reload(wanted.clone(), &running).unwrap();
        assert_eq!(reload(wanted, &first.snapshot).unwrap().waiting, ["listen"]);
    }

    #[test]
    fn a_mistake_changes_nothing() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let running = Snapshot::of(&inputs(&file, ""));
        assert!(reload(inputs(&file, "[rooms]\nmax_people = 1"), &running).is_err());
    }

    #[test]
    fn files_that_are_named_are_watched() {
        let (file, users) = (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
        let text = format!("[turn]\nusers_file = \"{}\"", users.path().display());
        let files = Snapshot::of(&inputs(&file, &text)).files();
        assert_eq!(files, [file.path(), users.path()]);
    }
}
