//! Which keys there are: exactly those of `config.example.toml`, which is compiled in and is the lowest layer, so that
//! the file people copy from cannot differ from what the program does. The type of a key is that of its default.

use std::path::PathBuf;

use figment::value::{Dict, Value};

use super::layer::Layer;
use super::problem::{Origin, Problem};
use super::toml;

/// `config.example.toml`, as shipped.
pub(super) const EXAMPLE: &str = include_str!("../../config.example.toml");

/// A table whose names are the user's own, each with a text for a value.
pub(super) const NAMED_BY_THE_USER: &str = "turn.users";

/// Keys whose values are never shown.
const SECRET: [&str; 6] =
    ["turn.secrets", "turn.users", "tls.acme.eab", "admin.token", "cluster.redis", "cluster.secret"];

/// What a value may be, told by the key's default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text in quotes.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// A list of texts; one text alone counts as a list of one.
    List,
    /// A section, or a table named by the user.
    Table,
}

impl Kind {
    /// The kind of `value`, or `None` for what no key may be: a float, a date, a list of anything but texts.
    pub(super) fn of(value: &Value) -> Option<Kind> {
        match value {
            Value::String(..) => Some(Kind::Text),
            Value::Num(_, number) => number.to_i128().map(|_| Kind::Number),
            Value::Bool(..) => Some(Kind::Switch),
            Value::Array(_, items) => items.iter().all(|item| item.as_str().is_some()).then_some(Kind::List),
            Value::Dict(..) => Some(Kind::Table),
            Value::Char(..) | Value::Empty(..) => None,
        }
    }

    /// For "must be …".
    pub(super) fn words(self) -> &'static str {
        match self {
            Kind::Text => "a text in quotes",
            Kind::Number => "a whole number without quotes",
            Kind::Switch => "true or false, without quotes",
            Kind::List => "a list of texts in quotes, such as [\"a\", \"b\"]",
            Kind::Table => "a section",
        }
    }
}

/// Every key with its default.
pub(super) struct Schema {
    defaults: Layer,
    keys: Vec<String>,
}

impl Schema {
    /// The schema of this version.
    pub(super) fn new() -> Schema {
        let at = |line| Origin::File { path: PathBuf::new(), line };
        let mut defaults = toml::layer(EXAMPLE, at).expect("a test parses config.example.toml");
        let mut keys = Vec::new();
        collect_keys("", &defaults.values, &mut keys);
        keys.sort_by_key(|key| match defaults.origins.get(key) {
            Some(Origin::File { line, .. }) => *line,
            _ => 0,
        });
        defaults.origins.values_mut().for_each(|origin| *origin = Origin::Default);
        Schema { defaults, keys }
    }

    /// The defaults as the lowest layer.
    pub(super) fn defaults(&self) -> Layer {
        self.defaults.clone()
    }

    /// Every key as a path, sections left out, in the order of the example.
    pub(super) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The kind of the key, if there is one of this name.
    pub(super) fn kind(&self, key: &str) -> Option<Kind> {
        self.default(key).and_then(Kind::of).or_else(|| named_by_the_user(key).then_some(Kind::Text))
    }

    /// The default of the key.
    pub(super) fn default(&self, key: &str) -> Option<&Value> {
        let (first, rest) = key.split_once('.').unwrap_or((key, ""));
        let value = self.defaults.values.get(first)?;
        if rest.is_empty() { Some(value) } else { value.find_ref(rest) }
    }

    /// `layer` without what does not belong there: unknown keys and values of a wrong kind become problems, and a lone
    /// text where a list belongs becomes a list.
    pub(super) fn check(&self, mut layer: Layer, problems: &mut Vec<Problem>) -> Layer {
        let values = std::mem::take(&mut layer.values);
        layer.values = self.check_table("", values, &layer, problems);
        layer
    }

    fn check_table(&self, section: &str, table: Dict, layer: &Layer, problems: &mut Vec<Problem>) -> Dict {
        let mut good = Dict::new();
        for (name, value) in table {
            let key = join(section, &name);
            match self.fit(&key, value, layer, problems) {
                Ok(value) => drop(good.insert(name, value)),
                Err(Some(problem)) => problems.push(problem),
                Err(None) => {}
            }
        }
        good
    }

    /// `value` as `key` wants it; `Err(None)` when what is wrong was told already.
    fn fit(&self, key: &str, value: Value, layer: &Layer, told: &mut Vec<Problem>) -> Result<Value, Option<Problem>> {
        let shown = Some(shown(key, &value));
        let problem = |words| Some(Problem { key: key.to_owned(), origin: layer.origin(key), value: shown, words });
        let Some(wanted) = self.kind(key) else {
            return Err(problem(self.unknown(key)));
        };
        match (wanted, Kind::of(&value), value) {
            (Kind::Table, Some(Kind::Table), Value::Dict(tag, table)) => {
                Ok(Value::Dict(tag, self.check_table(key, table, layer, told)))
            }
            (Kind::List, Some(Kind::Text), text) => Ok(vec![text].into()),
            (wanted, Some(given), value) if wanted == given => Ok(value),
            (wanted, _, _) => Err(problem(format!("must be {}", wanted.words()))),
        }
    }

    fn unknown(&self, key: &str) -> String {
        match self.nearest(key) {
            Some(near) => format!("no such key; did you mean `{}`?", without_shared_section(near, key)),
            None => "no such key; `callbox config` lists every key there is".to_owned(),
        }
    }

    /// The key, or the section, that `key` was probably meant to be.
    pub(super) fn nearest(&self, key: &str) -> Option<&str> {
        let sections = self.keys.iter().filter_map(|known| known.rsplit_once('.').map(|(section, _)| section));
        let candidates = self.keys.iter().map(String::as_str).chain(sections);
        let scored = candidates.map(|known| (likeness(known, key), known));
        let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
        (best.0 >= LIKE_ENOUGH).then_some(best.1)
    }
}

/// 0.7: "realmm" or "port" for "ports" are found, "home" for "name" is not.
const LIKE_ENOUGH: f64 = 0.7;

/// How alike two keys are, 0 to 1: as whole paths, or by their last names, as a key in the wrong section is a common slip.
fn likeness(known: &str, key: &str) -> f64 {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    // The same name in another section counts for less than a slip of the finger in the right one.
    const ELSEWHERE: f64 = 0.85;
    let whole = strsim::normalized_damerau_levenshtein(known, key);
    whole.max(ELSEWHERE * strsim::normalized_damerau_levenshtein(&last(known), &last(key)))
}

fn without_shared_section<'a>(near: &'a str, key: &str) -> &'a str {
    match (near.rsplit_once('.'), key.rsplit_once('.')) {
        (Some((section, name)), Some((same, _))) if section == same => name,
        _ => near,
    }
}

fn collect_keys(section: &str, table: &Dict, keys: &mut Vec<String>) {
    for (name, value) in table {
        let key = join(section, name);
        match value.as_dict() {
            Some(table) if key != NAMED_BY_THE_USER => collect_keys(&key, table, keys),
            _ => keys.push(key),
        }
    }
}

/// `section.name`, or `name` at the top.
pub(super) fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

fn named_by_the_user(key: &str) -> bool {
    key.strip_prefix(NAMED_BY_THE_USER).is_some_and(|rest| rest.starts_with('.'))
}

/// `value` as it may be shown: a secret, or what an unknown key's name hints to be one, is masked.
pub(super) fn shown(key: &str, value: &Value) -> String {
    let known_secret = SECRET.iter().any(|secret| key.starts_with(secret)) && !key.ends_with("_file");
    let hints = ["secret", "password", "token", "users"];
    let hinted = !key.ends_with("_file") && hints.iter().any(|hint| key.to_lowercase().contains(hint));
    match value {
        _ if !(known_secret || hinted) => plain(value),
        Value::Array(_, items) => format!("[{}]", vec!["***"; items.len()].join(", ")),
        Value::Dict(_, table) => {
            let users = table.keys().map(|name| format!("{name} = ***")).collect::<Vec<_>>();
            format!("{{ {} }}", users.join(", ")).replace("{  }", "{}")
        }
        Value::String(_, text) if text.is_empty() => "\"\"".to_owned(),
        _ => "***".to_owned(),
    }
}

/// `value` as TOML would have it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(_, text) => toml_edit::Value::from(text.as_str()).to_string(),
        Value::Char(_, c) => format!("'{c}'"),
        Value::Bool(_, switch) => switch.to_string(),
        Value::Num(_, number) => match (number.to_i128(), number.to_f64()) {
            (Some(whole), _) => whole.to_string(),
            (None, Some(float)) => float.to_string(),
            (None, None) => "a number".to_owned(),
        },
        Value::Empty(..) => "\"\"".to_owned(),
        Value::Array(_, items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Value::Dict(_, table) => {
            let pairs = table.iter().map(|(name, value)| format!("{name} = {}", plain(value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}
