//! What is wrong with a configuration, in the words of whoever edits it: the place, the value, and what to write
//! instead. Problems are collected, never thrown: one run shows all of them.

use std::fmt;
use std::path::PathBuf;

/// Where one value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody wrote it: the value of `config.example.toml`.
    Default,
    /// A line of the configuration file, counted from 1.
    File {
        /// The file as it was named.
        path: PathBuf,
        /// The line, counted from 1; 0 means the file as a whole.
        line: usize,
    },
    /// An environment variable, by its real name.
    Variable(String),
    /// A command-line flag, with its dashes.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line: 0 } => write!(f, "{}", path.display()),
            Origin::File { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::Variable(name) => f.write_str(name),
            Origin::Flag(flag) => f.write_str(flag),
        }
    }
}

/// One thing wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key as a path: `turn.realm`. Empty when it is about the file as a whole.
    pub key: String,
    /// Where the value was written.
    pub origin: Origin,
    /// The value as written; `None` when there is none to show. Secrets arrive here masked.
    pub value: Option<String>,
    /// What is wrong, and what to write instead.
    pub words: String,
}

impl fmt::Display for Problem {
    /// `callbox.toml:3: turn.realmm = "home": no such key; did you mean `realm`?`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.origin)?;
        let key_says_more = matches!(self.origin, Origin::File { .. } | Origin::Default) && !self.key.is_empty();
        match (&self.value, key_says_more) {
            (Some(value), true) => write!(f, ": {} = {value}", self.key)?,
            (Some(value), false) => write!(f, " = {value}")?,
            (None, true) => write!(f, ": {}", self.key)?,
            (None, false) => {}
        }
        write!(f, ": {}", self.words)
    }
}

/// All that is wrong, in the order in which it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "{count} problem{} in the configuration", if count == 1 { "" } else { "s" })?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}
