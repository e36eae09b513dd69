//! One source of values (the defaults, the file, the environment, the flags) as figment merges it, with the place
//! where each value was written.

use std::collections::BTreeMap;

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::problem::{Origin, Problem};
use super::schema::{Kind, NAMED_BY_THE_USER, Schema, shown};
use super::toml;

/// Values with their origins. The layers' order decides which value wins; figment does the merging.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) values: Dict,
    /// By key path; elements of a list have `key.index`.
    pub(super) origins: BTreeMap<String, Origin>,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named("callbox")
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

impl Layer {
    /// Where `key` was written: the line of the key, or of what holds it.
    pub(super) fn origin(&self, key: &str) -> Origin {
        let holders = std::iter::successors(Some(key), |key| key.rsplit_once('.').map(|(holder, _)| holder));
        holders.into_iter().find_map(|key| self.origins.get(key)).cloned().unwrap_or(Origin::Default)
    }

    /// Whether this layer says anything about `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.origins.contains_key(key)
    }

    /// The layer of the `CALLBOX_*` variables among `variables`. A variable's text stays a text where a text belongs:
    /// `0012` and `true` are good secrets.
    pub(super) fn from_environment(
        variables: impl IntoIterator<Item = (String, String)>,
        schema: &Schema,
        problems: &mut Vec<Problem>,
    ) -> Layer {
        let mut layer = Layer::default();
        for (variable, text) in variables {
            let Some(name) = variable.strip_prefix(PREFIX) else { continue };
            let key = key_of(name);
            let origin = Origin::Variable(variable.clone());
            match schema.kind(&key) {
                Some(kind) => layer.put(&key, kind, &text, origin, problems),
                None => problems.push(unknown_variable(&key, variable, &text, schema)),
            }
        }
        layer
    }

    /// Values that stay as they are, whatever the other layers say.
    pub(super) fn held<'a>(values: impl Iterator<Item = (&'a String, &'a Value)>) -> Layer {
        let mut layer = Layer::default();
        for (key, value) in values {
            let path: Vec<&str> = key.splitn(3, '.').collect();
            insert(&mut layer.values, &path, value.clone());
        }
        layer
    }

    /// The layer of flags: key, flag with its dashes, text.
    pub(super) fn from_flags(
        flags: impl IntoIterator<Item = (&'static str, &'static str, String)>,
        schema: &Schema,
        problems: &mut Vec<Problem>,
    ) -> Layer {
        let mut layer = Layer::default();
        for (key, flag, text) in flags {
            let kind = schema.kind(key).unwrap_or(Kind::Text);
            layer.put(key, kind, &text, Origin::Flag(flag), problems);
        }
        layer
    }

    fn put(&mut self, key: &str, kind: Kind, text: &str, origin: Origin, problems: &mut Vec<Problem>) {
        let Some(value) = typed(text, kind) else {
            let value = Some(shown(key, &text.into()));
            let words = format!("must be {}", bare_words(kind));
            return problems.push(Problem { key: key.to_owned(), origin, value, words });
        };
        self.origins.insert(key.to_owned(), origin);
        // A user's name may hold dots: only the section is a path.
        let path: Vec<&str> = key.splitn(3, '.').collect();
        insert(&mut self.values, &path, value);
    }
}

const PREFIX: &str = "CALLBOX_";

/// `TLS__ACME__EMAIL` is `tls.acme.email`. What a user named keeps its case: `TURN__USERS__Alice` is `turn.users.Alice`.
fn key_of(name: &str) -> String {
    let mut parts = name.splitn(3, "__");
    let lower = parts.by_ref().take(2).map(str::to_lowercase).collect::<Vec<_>>().join(".");
    match parts.next() {
        Some(own) if lower == NAMED_BY_THE_USER => format!("{lower}.{own}"),
        Some(last) => format!("{lower}.{}", last.to_lowercase()),
        None => lower,
    }
}

fn unknown_variable(key: &str, variable: String, text: &str, schema: &Schema) -> Problem {
    // One underscore for two is the usual slip.
    let near = schema.keys().iter().find(|known| known.replace('.', "_") == key.replace('.', "_"));
    let near = near.map(String::as_str).or_else(|| schema.nearest(key));
    let words = match near {
        Some(near) => format!("no such key; did you mean {PREFIX}{}?", near.replace('.', "__").to_uppercase()),
        None => format!("no such key: callbox reads every variable that begins with {PREFIX}; unset or rename it"),
    };
    let value = Some(shown(key, &text.into()));
    Problem { key: key.to_owned(), origin: Origin::Variable(variable), value, words }
}

/// The words for a value that has no quotes around it.
fn bare_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "a whole number",
        Kind::Switch => "true or false",
        Kind::Table => "a table such as { alice = \"password\" }",
        Kind::Text | Kind::List => kind.words(),
    }
}

fn typed(text: &str, kind: Kind) -> Option<Value> {
    match kind {
        Kind::Text => Some(text.into()),
        Kind::Number => text.trim().parse::<i64>().ok().map(Value::from),
        Kind::Switch => text.trim().parse::<bool>().ok().map(Value::from),
        Kind::List => Some(list(text).into()),
        Kind::Table => toml::value(text).filter(|value| value.as_dict().is_some()),
    }
}

/// A list in TOML's notation, or with commas.
fn list(text: &str) -> Vec<Value> {
    match toml::value(text) {
        Some(Value::Array(_, items)) if text.trim_start().starts_with('[') => items,
        _ => text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect(),
    }
}

fn insert(table: &mut Dict, path: &[&str], value: Value) {
    let [name, rest @ ..] = path else { return };
    if rest.is_empty() {
        table.insert((*name).to_owned(), value);
        return;
    }
    let holder = table.entry((*name).to_owned()).or_insert_with(|| Dict::new().into());
    if let Value::Dict(_, inner) = holder {
        insert(inner, rest, value);
    }
}
