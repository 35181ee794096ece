//! Reading the values of a manifest from nodes, so that each mistake knows its field and place.
//!
//! What a manifest is made of is in `decode.rs`; here is what any such format is made of.

use std::collections::{BTreeMap, BTreeSet};

use crate::node::{Entry, Node, Shape};
use crate::suggest::meant;
use crate::{Location, ManifestError, Mistake};

/// A mistake and where it is, gathered on the way out of the nodes.
pub(crate) struct Fault {
    /// The steps to the field, the last one first.
    path: Vec<String>,
    start: Option<usize>,
    mistake: Mistake,
}

impl Fault {
    /// Notes that the fault is below `key`.
    pub(crate) fn in_key(mut self, key: &str) -> Self {
        let is_bare = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        let is_bare = !key.is_empty() && key.chars().all(is_bare);
        self.path.push(if is_bare { format!(".{key}") } else { format!("[{key:?}]") });
        self
    }

    /// Notes that the fault is in the list item `item_idx`.
    fn in_item(mut self, item_idx: usize) -> Self {
        self.path.push(format!("[{item_idx}]"));
        self
    }

    /// Returns the error for a caller who has `text`, if there is one.
    pub(crate) fn into_error(self, text: Option<&str>) -> ManifestError {
        let path: String = self.path.iter().rev().map(String::as_str).collect();
        ManifestError {
            field: path.strip_prefix('.').unwrap_or(&path).to_owned(),
            location: text.zip(self.start).map(|(text, start)| Location::of(text, start)),
            mistake: self.mistake,
        }
    }
}

/// A value that has been looked into, and where it begins.
pub(crate) struct Opened<N> {
    start: Option<usize>,
    pub(crate) shape: Shape<N>,
}

impl<N: Node> Opened<N> {
    /// Looks into a node.
    pub(crate) fn new(node: N) -> Result<Self, Fault> {
        let start = node.start();
        match node.open() {
            Ok(shape) => Ok(Self { start, shape }),
            Err(mistake) => Err(Fault { path: Vec::new(), start, mistake }),
        }
    }

    /// Returns the fault that this value has `mistake`.
    pub(crate) fn fault(&self, mistake: Mistake) -> Fault {
        Fault { path: Vec::new(), start: self.start, mistake }
    }

    /// Returns the fault that this value is not what `accepted` says.
    pub(crate) fn wrong_type(&self, accepted: &'static str) -> Fault {
        self.fault(Mistake::WrongType { accepted, found: self.shape.in_words() })
    }

    /// Reads a string.
    pub(crate) fn text(self) -> Result<String, Fault> {
        match self.shape {
            Shape::Text(text) => Ok(text),
            _ => Err(self.wrong_type("a string")),
        }
    }

    /// Reads a number that `W` can hold; `accepted` says which those are.
    pub(crate) fn whole<W: TryFrom<u64>>(&self, accepted: &'static str) -> Result<W, Fault> {
        let whole = match self.shape {
            Shape::Number(_, whole) => whole,
            _ => None,
        };
        whole.and_then(|whole| W::try_from(whole).ok()).ok_or_else(|| self.wrong_type(accepted))
    }

    /// Reads a list, each item by `read_item`; `accepted` says what it is a list of.
    pub(crate) fn list<T>(
        self,
        accepted: &'static str,
        mut read_item: impl FnMut(Opened<N>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let Shape::List(items) = self.shape else { return Err(self.wrong_type(accepted)) };
        let read = |(item_idx, item)| {
            Opened::new(item)
                .and_then(&mut read_item)
                .map_err(|fault: Fault| fault.in_item(item_idx))
        };
        items.into_iter().enumerate().map(read).collect()
    }

    /// Reads a map from any string to a string; `accepted` says so.
    pub(crate) fn text_map(
        self,
        accepted: &'static str,
    ) -> Result<BTreeMap<String, String>, Fault> {
        let Shape::Map(entries) = self.shape else { return Err(self.wrong_type(accepted)) };
        check_keys_differ(&entries)?;
        let read =
            |Entry { key, value, .. }: Entry<N>| match Opened::new(value).and_then(Opened::text) {
                Ok(text) => Ok((key, text)),
                Err(fault) => Err(fault.in_key(&key)),
            };
        entries.into_iter().map(read).collect()
    }

    /// Reads a map that has no keys but `accepted_keys`; `accepted` says what it is.
    pub(crate) fn fields(
        self,
        accepted: &'static str,
        accepted_keys: &'static [&'static str],
    ) -> Result<Fields<N>, Fault> {
        let Shape::Map(entries) = self.shape else { return Err(self.wrong_type(accepted)) };
        check_keys_differ(&entries)?;
        let fields = Fields { start: self.start, entries };
        fields.accept_only(accepted_keys)?;
        Ok(fields)
    }
}

/// The fields of a map, to be taken out one by one.
pub(crate) struct Fields<N> {
    start: Option<usize>,
    entries: Vec<Entry<N>>,
}

impl<N: Node> Fields<N> {
    /// Refuses every key but those of `accepted`.
    pub(crate) fn accept_only(&self, accepted: &'static [&'static str]) -> Result<(), Fault> {
        match self.entries.iter().find(|entry| !accepted.contains(&entry.key.as_str())) {
            Some(entry) => {
                let meant = meant(&entry.key, accepted);
                Err(fault_at_key(entry, Mistake::UnknownKey { accepted, meant }))
            }
            None => Ok(()),
        }
    }

    /// Returns whether the field `key` is here, be it null.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// Returns those of `keys` that are here, in the order of the text.
    pub(crate) fn present(&self, keys: &'static [&'static str]) -> Vec<&'static str> {
        let known = |entry: &Entry<N>| keys.iter().copied().find(|key| *key == entry.key);
        self.entries.iter().filter_map(known).collect()
    }

    /// Takes out the field `key`, read by `read`; `None` if it is missing or null.
    pub(crate) fn take<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Opened<N>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let Some(entry_idx) = self.entries.iter().position(|entry| entry.key == key) else {
            return Ok(None);
        };
        let read_value = |value: Opened<N>| match value.shape {
            Shape::Null => Ok(None),
            _ => read(value).map(Some),
        };
        // The order of what is left matters no more: the keys have been checked.
        let value = self.entries.swap_remove(entry_idx).value;
        Opened::new(value).and_then(read_value).map_err(|fault| fault.in_key(key))
    }

    /// Returns the fault that this map has `mistake`.
    pub(crate) fn fault(&self, mistake: Mistake) -> Fault {
        Fault { path: Vec::new(), start: self.start, mistake }
    }

    /// Returns the fault that the field `key` has `mistake`.
    pub(crate) fn fault_at(&self, key: &'static str, mistake: Mistake) -> Fault {
        match self.entries.iter().find(|entry| entry.key == key) {
            Some(entry) => fault_at_key(entry, mistake),
            None => self.fault(mistake).in_key(key),
        }
    }
}

fn check_keys_differ<N: Node>(entries: &[Entry<N>]) -> Result<(), Fault> {
    let mut keys = BTreeSet::new();
    match entries.iter().find(|entry| !keys.insert(&entry.key)) {
        Some(entry) => Err(fault_at_key(entry, Mistake::DuplicateKey)),
        None => Ok(()),
    }
}

fn fault_at_key<N>(entry: &Entry<N>, mistake: Mistake) -> Fault {
    Fault { path: Vec::new(), start: entry.key_start, mistake }.in_key(&entry.key)
}
