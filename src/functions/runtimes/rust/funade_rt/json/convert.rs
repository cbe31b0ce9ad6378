//! What becomes a `Value` by `into()`, and so what a handler may return.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::{Number, Object, Value};

macro_rules! from_number {
    ($($number:ty as $wide:ty),*) => {$(
        impl From<$number> for Value {
            fn from(value: $number) -> Value {
                Value::Number(Number::from(value as $wide))
            }
        }

        impl From<&$number> for Value {
            fn from(value: &$number) -> Value {
                Value::from(*value)
            }
        }
    )*};
}

from_number!(i8 as i64, i16 as i64, i32 as i64, i64 as i64, isize as i64);
from_number!(
    u8 as u64,
    u16 as u64,
    u32 as u64,
    u64 as u64,
    usize as u64,
    f64 as f64
);

/// The shortest digits of the `f32`: 0.1 stays 0.1 and does not become 0.10000000149011612.
impl From<f32> for Value {
    fn from(value: f32) -> Value {
        Value::from(value.to_string().parse().unwrap_or(f64::from(value)))
    }
}

/// Exact as far as 64 bits go, a double beyond them.
impl From<i128> for Value {
    fn from(value: i128) -> Value {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(signed), _) => Value::from(signed),
            (_, Ok(unsigned)) => Value::from(unsigned),
            _ => Value::from(value as f64),
        }
    }
}

impl From<u128> for Value {
    fn from(value: u128) -> Value {
        match u64::try_from(value) {
            Ok(unsigned) => Value::from(unsigned),
            Err(_) => Value::from(value as f64),
        }
    }
}

impl From<()> for Value {
    fn from((): ()) -> Value {
        Value::Null
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(value)
    }
}

impl From<&bool> for Value {
    fn from(value: &bool) -> Value {
        Value::Bool(*value)
    }
}

impl From<Number> for Value {
    fn from(value: Number) -> Value {
        Value::Number(value)
    }
}

impl From<char> for Value {
    fn from(value: char) -> Value {
        Value::String(value.to_string())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::String(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        Value::String(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Value {
        Value::String(value.clone())
    }
}

impl From<Cow<'_, str>> for Value {
    fn from(value: Cow<'_, str>) -> Value {
        Value::String(value.into_owned())
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Value {
        value.clone()
    }
}

impl From<Object> for Value {
    fn from(value: Object) -> Value {
        Value::Object(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Value {
        items.into_iter().collect()
    }
}

impl<T: Into<Value> + Clone> From<&[T]> for Value {
    fn from(items: &[T]) -> Value {
        items.iter().cloned().collect()
    }
}

impl<T: Into<Value> + Clone> From<&Vec<T>> for Value {
    fn from(items: &Vec<T>) -> Value {
        items.iter().cloned().collect()
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(items: [T; N]) -> Value {
        items.into_iter().collect()
    }
}

impl<A: Into<Value>, B: Into<Value>> From<(A, B)> for Value {
    fn from((first, second): (A, B)) -> Value {
        Value::Array(vec![first.into(), second.into()])
    }
}

impl<A: Into<Value>, B: Into<Value>, C: Into<Value>> From<(A, B, C)> for Value {
    fn from((first, second, third): (A, B, C)) -> Value {
        Value::Array(vec![first.into(), second.into(), third.into()])
    }
}

impl<K: Into<String>, V: Into<Value>> From<BTreeMap<K, V>> for Value {
    fn from(map: BTreeMap<K, V>) -> Value {
        Value::Object(map.into_iter().collect())
    }
}

/// In no particular order, as the map has none.
impl<K: Into<String>, V: Into<Value>, S> From<HashMap<K, V, S>> for Value {
    fn from(map: HashMap<K, V, S>) -> Value {
        Value::Object(map.into_iter().collect())
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Value {
        Value::Array(items.into_iter().map(Into::into).collect())
    }
}
