//! Reads TOML with the line of every key: figment's own reader keeps only the key, and an error without a line sends
//! people searching.

use std::collections::BTreeMap;

use figment::value::{Dict, Value};
use toml_edit::{Document, Item, TableLike};

use super::layer::Layer;
use super::problem::Origin;
use super::schema::join;

/// What the parser did not understand.
#[derive(Debug)]
pub(super) struct SyntaxError {
    /// Counted from 1.
    pub(super) line: usize,
    /// The parser's words, without the line itself: it may hold a secret.
    pub(super) words: String,
}

/// The values of `text`, each with the origin that `origin` makes of its line.
pub(super) fn layer(text: &str, origin: impl Fn(usize) -> Origin) -> Result<Layer, SyntaxError> {
    let document = Document::parse(text).map_err(|error| SyntaxError {
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        words: error.message().replace('\n', ", "),
    })?;
    let mut reading = Reading { text, origin, origins: BTreeMap::new() };
    let values = reading.table("", document.as_table());
    Ok(Layer { values, origins: reading.origins })
}

/// One value in TOML's notation, as an environment variable may hold it.
pub(super) fn value(text: &str) -> Option<Value> {
    let item = Item::Value(text.trim().parse().ok()?);
    Some(Reading { text, origin: |_| Origin::Default, origins: BTreeMap::new() }.item("", &item))
}

struct Reading<'t, F> {
    text: &'t str,
    origin: F,
    origins: BTreeMap<String, Origin>,
}

impl<F: Fn(usize) -> Origin> Reading<'_, F> {
    fn table(&mut self, section: &str, table: &dyn TableLike) -> Dict {
        let mut values = Dict::new();
        for (name, item) in table.iter() {
            let key = join(section, name);
            let name_span = table.key(name).and_then(|key| key.span());
            if let Some(span) = name_span.or_else(|| item.span()) {
                self.origins.insert(key.clone(), (self.origin)(line_of(self.text, span.start)));
            }
            values.insert(name.to_owned(), self.item(&key, item));
        }
        values
    }

    fn item(&mut self, key: &str, item: &Item) -> Value {
        if let Some(table) = item.as_table_like() {
            return self.table(key, table).into();
        }
        if let Some(tables) = item.as_array_of_tables() {
            return tables.iter().map(|table| Value::from(self.table(key, table))).collect::<Vec<_>>().into();
        }
        item.as_value().map_or_else(|| Value::from(""), |value| self.value(key, value))
    }

    fn value(&mut self, key: &str, value: &toml_edit::Value) -> Value {
        match value {
            toml_edit::Value::String(text) => text.value().as_str().into(),
            toml_edit::Value::Integer(number) => (*number.value()).into(),
            toml_edit::Value::Float(number) => (*number.value()).into(),
            toml_edit::Value::Boolean(switch) => (*switch.value()).into(),
            // No key is a date, so its kind only has to be one that no key has.
            toml_edit::Value::Datetime(_) => Value::from(f64::NAN),
            toml_edit::Value::InlineTable(table) => self.table(key, table).into(),
            toml_edit::Value::Array(items) => self.array(key, items).into(),
        }
    }

    fn array(&mut self, key: &str, items: &toml_edit::Array) -> Vec<Value> {
        let mut values = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let key = join(key, &index.to_string());
            if let Some(span) = item.span() {
                self.origins.insert(key.clone(), (self.origin)(line_of(self.text, span.start)));
            }
            values.push(self.value(&key, item));
        }
        values
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
}
