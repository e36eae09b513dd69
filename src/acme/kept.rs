//! What outlives a restart, in `data_dir`: the account (one file for each authority), and for each subject its
//! certificate with the key, and the order under way with the troubles so far. A file that makes no sense is as good as
//! none: an account and a certificate can be had again.

use std::time::Duration;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use super::failure::{Failure, Fault};
use super::plan::Trouble;
use super::subject::Subject;
use crate::data_dir::{self, DataDir};

/// The order under way, and the troubles so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Of another authority it would be worth nothing.
    pub(super) directory: String,
    pub(super) order: Option<KeptOrder>,
    pub(super) trouble: Option<KeptTrouble>,
    pub(super) naming: Naming,
}

/// Whether an order names the certificate it replaces (RFC 9773, 5): authorities then count it less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Naming {
    /// Where the authority can.
    #[default]
    Yes,
    /// It refused this one.
    NotThisTime,
    /// It does not repeat the name as it must, which the ACME library takes for a failure.
    Never,
}

/// An order that was placed: its key is made before it, so that whatever interrupts us, the certificate has its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptOrder {
    pub(super) account: String,
    pub(super) url: String,
    /// PEM.
    pub(super) key: String,
}

/// [`Trouble`] with its words, times in seconds since 1970 (UTC).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptTrouble {
    pub(super) count: u32,
    pub(super) until: u64,
    pub(super) limited: bool,
    pub(super) words: String,
}

impl KeptTrouble {
    pub(super) fn new(trouble: &Trouble, words: String) -> KeptTrouble {
        KeptTrouble { count: trouble.count, until: trouble.until.as_secs(), limited: trouble.limited, words }
    }

    pub(super) fn trouble(&self) -> Trouble {
        Trouble { count: self.count, until: Duration::from_secs(self.until), limited: self.limited }
    }
}

/// The files of one subject.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    dir: DataDir,
    stem: String,
}

impl Kept {
    pub(super) fn new(dir: &DataDir, subject: &Subject) -> Kept {
        Kept { dir: dir.clone(), stem: subject.file_stem() }
    }

    /// Chain and key, PEM.
    pub(super) fn certificate(&self) -> Option<Vec<u8>> {
        self.dir.read(&format!("{}.pem", self.stem)).ok().flatten()
    }

    /// Keeps chain and key in one file, so that they are never of different ages.
    pub(super) fn keep_certificate(&self, pem: &str) -> Result<(), Failure> {
        self.dir.write(&format!("{}.pem", self.stem), pem.as_bytes()).map_err(not_kept)
    }

    /// What was kept about this authority.
    pub(super) fn state(&self, directory: &str) -> State {
        let bytes = self.dir.read(&format!("{}.json", self.stem)).ok().flatten().unwrap_or_default();
        let state = serde_json::from_slice::<State>(&bytes).ok().filter(|state| state.directory == directory);
        state.unwrap_or_else(|| State { directory: directory.to_owned(), ..State::default() })
    }

    pub(super) fn keep_state(&self, state: &State) -> Result<(), Failure> {
        self.dir.write(&format!("{}.json", self.stem), &json(state)).map_err(not_kept)
    }
}

/// The credentials of our account with this authority.
pub(super) fn account(dir: &DataDir, directory: &str) -> Option<instant_acme::AccountCredentials> {
    serde_json::from_slice(&dir.read(&account_file(directory)).ok()??).ok()
}

pub(super) fn keep_account(
    dir: &DataDir,
    directory: &str,
    credentials: &instant_acme::AccountCredentials,
) -> Result<(), Failure> {
    dir.write(&account_file(directory), &json(credentials)).map_err(not_kept)
}

/// The next [`account`] is `None`.
pub(super) fn forget_account(dir: &DataDir, directory: &str) -> Result<(), Failure> {
    dir.write(&account_file(directory), b"").map_err(not_kept)
}

fn account_file(directory: &str) -> String {
    let hash = digest::digest(&digest::SHA256, directory.as_bytes());
    let hash: String = hash.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("acme-account-{hash}.json")
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).expect("texts and numbers always have a JSON form")
}

fn not_kept(cause: data_dir::Error) -> Failure {
    let cause: &dyn std::error::Error = &cause;
    let reason = cause.source().map(|source| format!(": {source}")).unwrap_or_default();
    Failure::new(Fault::DataDir, format!("{cause}{reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_found_again_but_not_by_another_authority() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(&DataDir::open(folder.path()).unwrap(), &Subject::new("2001:db8::7"));
        let order = KeptOrder { account: "a".into(), url: "https://ca/o/1".into(), key: "PEM".into() };
        let state = State { directory: "https://ca/dir".into(), order: Some(order), ..State::default() };
        kept.keep_state(&state).unwrap();
        assert_eq!(kept.state("https://ca/dir"), state);
        assert_eq!(kept.state("https://other/dir").order, None);
    }

    #[test]
    fn a_damaged_file_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        dir.write("acme-call.example.org.json", b"{").unwrap();
        assert_eq!(Kept::new(&dir, &Subject::new("call.example.org")).state("d").directory, "d");
    }
}
