//! JSON as events and results use it. Objects keep the order of their keys, integers are exact from
//! -2^63 to 2^64-1, all other numbers are doubles.

mod convert;
mod equal;
mod number;
mod object;
mod parse;
mod write;

use std::fmt;
use std::ops::{Index, IndexMut};

pub use number::Number;
pub use object::Object;
pub use parse::{parse, parse_keeping_surrogates, ParseError, ParseErrorKind};
pub use write::{write, write_ascii, WriteError};

/// Levels of arrays and objects that are read and written.
pub const MAX_DEPTH: usize = 1000;

/// Any JSON value. Indexing what is not there gives `Null`: `event["params"]["a"].as_f64()`.
#[derive(Clone, Debug, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Value>),
    Object(Object),
}

static NULL: Value = Value::Null;

impl Value {
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub fn is_object(&self) -> bool {
        matches!(self, Value::Object(_))
    }

    pub fn is_array(&self) -> bool {
        matches!(self, Value::Array(_))
    }

    pub fn is_number(&self) -> bool {
        matches!(self, Value::Number(_))
    }

    pub fn is_string(&self) -> bool {
        matches!(self, Value::String(_))
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(number.as_f64()),
            _ => None,
        }
    }

    /// None when the number has a fraction or is out of range. `3.0` is 3.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// None when the number is negative, has a fraction or is out of range.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Value::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&Vec<Value>> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Value>> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The value of a key, or of a position. None when there is none.
    pub fn get<P: Place>(&self, place: P) -> Option<&Value> {
        place.find(self)
    }

    pub fn get_mut<P: Place>(&mut self, place: P) -> Option<&mut Value> {
        place.find_mut(self)
    }

    /// Leaves `Null` where the value was.
    pub fn take(&mut self) -> Value {
        std::mem::take(self)
    }
}

/// A key of an object or a position in an array.
pub trait Place {
    #[doc(hidden)]
    fn find(self, value: &Value) -> Option<&Value>;
    #[doc(hidden)]
    fn find_mut(self, value: &mut Value) -> Option<&mut Value>;
}

impl Place for &str {
    fn find(self, value: &Value) -> Option<&Value> {
        value.as_object()?.get(self)
    }

    fn find_mut(self, value: &mut Value) -> Option<&mut Value> {
        value.as_object_mut()?.get_mut(self)
    }
}

impl Place for &String {
    fn find(self, value: &Value) -> Option<&Value> {
        Place::find(self.as_str(), value)
    }

    fn find_mut(self, value: &mut Value) -> Option<&mut Value> {
        Place::find_mut(self.as_str(), value)
    }
}

impl Place for usize {
    fn find(self, value: &Value) -> Option<&Value> {
        value.as_array()?.get(self)
    }

    fn find_mut(self, value: &mut Value) -> Option<&mut Value> {
        value.as_array_mut()?.get_mut(self)
    }
}

impl<P: Place> Index<P> for Value {
    type Output = Value;

    fn index(&self, place: P) -> &Value {
        place.find(self).unwrap_or(&NULL)
    }
}

/// Assigning to a key adds it, and makes an object of `Null`. Panics on anything else that is no object.
impl IndexMut<&str> for Value {
    fn index_mut(&mut self, key: &str) -> &mut Value {
        if self.is_null() {
            *self = Value::Object(Object::new());
        }
        match self {
            Value::Object(object) => object.entry(key),
            other => panic!("can't set the key {key:?} of {other}: it is no object"),
        }
    }
}

/// Panics when there is no such position.
impl IndexMut<usize> for Value {
    fn index_mut(&mut self, position: usize) -> &mut Value {
        match self {
            Value::Array(items) => &mut items[position],
            other => panic!("can't set position {position} of {other}: it is no array"),
        }
    }
}

/// Writes JSON. What JSON cannot hold (NaN, infinities, too deep nesting) is written as null.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        if write(self, &mut text).is_err() {
            return formatter.write_str("null");
        }
        formatter.write_str(&String::from_utf8_lossy(&text))
    }
}

impl std::str::FromStr for Value {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Value, ParseError> {
        parse(text.as_bytes())
    }
}

/// Takes a value apart level by level. Rust drops nested values by recursion, which ends the process
/// when a handler has built some hundred thousand levels.
pub fn dismantle(value: Value) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(object) => open.extend(object.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
}
