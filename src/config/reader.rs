//! The merged values, read key by key: each key fails on its own, so one run finds everything that is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::value::{Dict, Value};

use super::Inputs;
use super::layer::Layer;
use super::problem::{Origin, Problem};
use super::schema::{Schema, shown};
use super::toml;

/// Every layer merged, and what was found wrong so far.
pub(super) struct Reader {
    schema: Schema,
    merged: Figment,
    /// Lowest first.
    layers: Vec<Layer>,
    problems: Vec<Problem>,
    /// So that a test finds keys that nobody reads.
    #[cfg(test)]
    pub(super) asked: std::cell::RefCell<BTreeSet<String>>,
}

impl Reader {
    /// Reads every layer; what is wrong in one of them is noted and left out.
    pub(super) fn new(inputs: Inputs) -> Reader {
        let (schema, mut problems) = (Schema::new(), Vec::new());
        let given = [
            file_layer(inputs.file, &mut problems),
            Layer::from_environment(inputs.variables, &schema, &mut problems),
            Layer::from_flags(inputs.flags, &schema, &mut problems),
        ];
        let mut layers = vec![schema.defaults()];
        layers.extend(given.into_iter().map(|layer| schema.check(layer, &mut problems)));
        let merged = layers.iter().fold(Figment::new(), |merged, layer| merged.merge(layer));
        Reader {
            schema,
            merged,
            layers,
            problems,
            #[cfg(test)]
            asked: Default::default(),
        }
    }

    /// The values of `layer` are in force, whatever was given.
    pub(super) fn hold(&mut self, layer: Layer) {
        self.merged = std::mem::take(&mut self.merged).merge(&layer);
        self.layers.push(layer);
    }

    /// Every key there is.
    pub(super) fn keys(&self) -> Vec<String> {
        self.schema.keys().to_vec()
    }

    /// The effective value.
    pub(super) fn value(&self, key: &str) -> Value {
        #[cfg(test)]
        self.asked.borrow_mut().insert(key.to_owned());
        self.merged.find_value(key).expect("every key has a default in config.example.toml")
    }

    /// Where the effective value was written: the highest layer that has it.
    pub(super) fn origin(&self, key: &str) -> Origin {
        let holder = self.layers.iter().rev().find(|layer| layer.has(key));
        holder.map_or(Origin::Default, |layer| layer.origin(key))
    }

    /// A text as it is.
    pub(super) fn text(&self, key: &str) -> String {
        self.value(key).into_string().unwrap_or_default()
    }

    /// `true` or `false`.
    pub(super) fn switch(&self, key: &str) -> bool {
        self.value(key).to_bool().unwrap_or_default()
    }

    /// A number from `least` to `most`.
    pub(super) fn number(&mut self, key: &str, least: u32, most: u32) -> u32 {
        let given = self.value(key).to_i128().unwrap_or_default();
        match u32::try_from(given) {
            Ok(number) if (least..=most).contains(&number) => number,
            _ => {
                self.complain(key, format!("must be {least} to {most}"));
                least
            }
        }
    }

    /// A text read by `parse`, whose error says what to write instead. `None` after a complaint.
    pub(super) fn parsed<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        parse(&self.text(key)).map_err(|words| self.complain(key, words)).ok()
    }

    /// As [`parsed`](Reader::parsed), with an empty text for "none".
    pub(super) fn optional<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        if self.text(key).is_empty() { None } else { self.parsed(key, parse) }
    }

    /// A list whose texts `parse` reads; each that it cannot read is a problem of its own, in its own line.
    pub(super) fn each<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let mut good = Vec::new();
        for (index, item) in self.list(key).into_iter().enumerate() {
            match parse(&item) {
                Ok(value) => good.push(value),
                Err(words) => {
                    let origin = self.origin_of_item(key, index);
                    let value = Some(shown(key, &item.into()));
                    self.problems.push(Problem { key: key.to_owned(), origin, value, words });
                }
            }
        }
        good
    }

    /// A list of texts.
    pub(super) fn list(&self, key: &str) -> Vec<String> {
        let items = self.value(key).into_array().unwrap_or_default();
        items.into_iter().filter_map(Value::into_string).collect()
    }

    /// A table that the user named.
    pub(super) fn table(&self, key: &str) -> BTreeMap<String, String> {
        let table: Dict = self.value(key).into_dict().unwrap_or_default();
        table.into_iter().filter_map(|(name, value)| Some((name, value.into_string()?))).collect()
    }

    /// The text of the file that `key` names, without its last line break. Empty when no file is named.
    pub(super) fn file(&mut self, key: &str) -> String {
        let read = |path: &str| fs::read_to_string(path).map_err(|cause| unreadable(Path::new(path), &cause));
        let text = self.optional(key, read).unwrap_or_default();
        text.trim_end_matches(['\n', '\r']).to_owned()
    }

    /// Notes what is wrong with the effective value of `key`.
    pub(super) fn complain(&mut self, key: &str, words: String) {
        let value = self.value(key);
        let value = Some(shown(key, &value));
        self.problems.push(Problem { key: key.to_owned(), origin: self.origin(key), value, words });
    }

    /// Notes that values do not go together, unless one of them is wrong by itself: mending that may mend this.
    pub(super) fn contradiction(&mut self, keys: &[&str], words: impl Into<String>) {
        let wrong: BTreeSet<&str> = self.problems.iter().map(|problem| problem.key.as_str()).collect();
        let Some(first) = keys.first() else { return };
        if !keys.iter().any(|key| wrong.contains(key)) {
            self.complain(first, words.into());
        }
    }

    /// What was found wrong.
    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    fn origin_of_item(&self, key: &str, index: usize) -> Origin {
        let holder = self.layers.iter().rev().find(|layer| layer.has(key));
        holder.map_or(Origin::Default, |layer| layer.origin(&format!("{key}.{index}")))
    }
}

/// The named file, else `callbox.toml` when there is one in the current directory.
fn file_layer(named: Option<PathBuf>, problems: &mut Vec<Problem>) -> Layer {
    let path = named.clone().unwrap_or_else(|| PathBuf::from("callbox.toml"));
    if named.is_none() && !path.exists() {
        return Layer::default();
    }
    let at = |line| Origin::File { path: path.clone(), line };
    let wrong = |line, words| Problem { key: String::new(), origin: at(line), value: None, words };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(cause) => {
            problems.push(wrong(0, unreadable(&path, &cause)));
            return Layer::default();
        }
    };
    toml::layer(&text, at).unwrap_or_else(|error| {
        problems.push(wrong(error.line, format!("not TOML: {}", error.words)));
        Layer::default()
    })
}

pub(super) fn unreadable(path: &Path, cause: &std::io::Error) -> String {
    use std::io::ErrorKind;
    let path = path.display();
    match cause.kind() {
        ErrorKind::NotFound => format!("there is no file {path}"),
        ErrorKind::PermissionDenied => format!("this user may not read {path}; check its owner and mode"),
        ErrorKind::InvalidData => format!("{path} is not UTF-8 text"),
        _ => format!("cannot read {path}: {cause}"),
    }
}
