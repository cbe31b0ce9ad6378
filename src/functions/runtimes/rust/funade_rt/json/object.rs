use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::ops::Index;

use super::Value;

/// The keys of a JSON object in the order in which they came. A key that is set again keeps its place.
#[derive(Clone, Debug, Default)]
pub struct Object {
    entries: Vec<(String, Value)>,
    /// From `INDEXED` keys on; fewer are found faster by looking at each.
    index: Option<Box<Positions>>,
}

const INDEXED: usize = 17;

/// Open addressing: a hash leads to a position in `entries`, plus one; 0 is free.
#[derive(Clone, Debug)]
struct Positions {
    /// Seeded by the process: nobody outside can choose keys that collide.
    hashes: RandomState,
    slots: Vec<u32>,
}

impl Object {
    pub fn new() -> Object {
        Object::default()
    }

    pub fn with_capacity(keys: usize) -> Object {
        Object {
            entries: Vec::with_capacity(keys),
            index: None,
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.position(key).map(|at| &self.entries[at].1)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.position(key).map(|at| &mut self.entries[at].1)
    }

    /// Gives back the value that the key had.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        self.put(key.into(), value.into())
    }

    /// Compiled once, with this library, and not with every function.
    #[inline(never)]
    fn put(&mut self, key: String, value: Value) -> Option<Value> {
        match self.position(&key) {
            Some(at) => Some(std::mem::replace(&mut self.entries[at].1, value)),
            None => {
                self.push(key, value);
                None
            }
        }
    }

    /// What `json!` makes of a pair.
    #[doc(hidden)]
    #[inline(never)]
    pub fn set(&mut self, key: &str, value: Value) {
        self.put(key.to_owned(), value);
    }

    /// The value of the key, which is added as `Null` when it is not there.
    pub fn entry(&mut self, key: &str) -> &mut Value {
        let at = match self.position(key) {
            Some(at) => at,
            None => {
                self.push(key.to_owned(), Value::Null);
                self.entries.len() - 1
            }
        };
        &mut self.entries[at].1
    }

    /// The keys after it move up by one.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.position(key)?;
        let (_, value) = self.entries.remove(at);
        self.index = None;
        self.index_again();
        Some(value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries
            .iter()
            .map(|(key, value)| (key.as_str(), value))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Value)> {
        self.entries
            .iter_mut()
            .map(|(key, value)| (key.as_str(), value))
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| key.as_str())
    }

    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// The key must not be there yet.
    fn push(&mut self, key: String, value: Value) {
        self.entries.push((key, value));
        let at = self.entries.len() - 1;
        match &mut self.index {
            Some(index) if index.slots.len() > 2 * self.entries.len() => {
                index.note(&self.entries[at].0, at);
            }
            _ => self.index_again(),
        }
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            None => self.entries.iter().position(|(name, _)| name == key),
            Some(index) => index.find(key, &self.entries),
        }
    }

    fn index_again(&mut self) {
        if self.entries.len() < INDEXED {
            return;
        }
        let hashes = self
            .index
            .take()
            .map_or_else(RandomState::new, |index| index.hashes);
        let slots = vec![0; (4 * self.entries.len()).next_power_of_two()];
        let mut index = Positions { hashes, slots };
        for (at, (key, _)) in self.entries.iter().enumerate() {
            index.note(key, at);
        }
        self.index = Some(Box::new(index));
    }
}

impl Positions {
    fn note(&mut self, key: &str, at: usize) {
        let mask = self.slots.len() - 1;
        let mut slot = self.hashes.hash_one(key) as usize & mask;
        while self.slots[slot] != 0 {
            slot = (slot + 1) & mask;
        }
        self.slots[slot] = at as u32 + 1;
    }

    fn find(&self, key: &str, entries: &[(String, Value)]) -> Option<usize> {
        let mask = self.slots.len() - 1;
        let mut slot = self.hashes.hash_one(key) as usize & mask;
        while self.slots[slot] != 0 {
            let at = self.slots[slot] as usize - 1;
            if entries[at].0 == key {
                return Some(at);
            }
            slot = (slot + 1) & mask;
        }
        None
    }
}

impl Index<&str> for Object {
    type Output = Value;

    fn index(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&super::NULL)
    }
}

impl IntoIterator for Object {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<K: Into<String>, V: Into<Value>> Extend<(K, V)> for Object {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Object {
        let mut object = Object::new();
        object.extend(pairs);
        object
    }
}

/// The order of keys does not matter.
impl PartialEq for Object {
    fn eq(&self, other: &Object) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .all(|(key, value)| other.get(key) == Some(value))
    }
}
