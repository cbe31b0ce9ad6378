use std::fmt;

use super::{Value, MAX_DEPTH};

/// Why a value is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// NaN or an infinity.
    NotFinite,
    TooDeep,
}

impl fmt::Display for WriteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::NotFinite => formatter.write_str("NaN and infinities are no JSON numbers"),
            WriteError::TooDeep => write!(formatter, "it is nested deeper than {MAX_DEPTH} levels"),
        }
    }
}

/// Appends `value` without any blanks, as `JSON.stringify` does.
pub fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), WriteError> {
    write_value(value, 0, out)
}

/// JSON with escapes for everything beyond ASCII, as the value of an HTTP header.
pub fn write_ascii(value: &Value) -> Result<String, WriteError> {
    let mut text = Vec::new();
    write(value, &mut text)?;
    let mut out = Vec::with_capacity(text.len());
    for character in String::from_utf8_lossy(&text).chars() {
        if character.is_ascii() {
            out.push(character as u8);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            write_escaped_unit(*unit, &mut out);
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn write_value(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), WriteError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) if number.is_finite() => number.write(out),
        Value::Number(_) => return Err(WriteError::NotFinite),
        Value::String(text) => write_string(text, out),
        Value::Array(_) | Value::Object(_) if depth == MAX_DEPTH => {
            return Err(WriteError::TooDeep)
        }
        Value::Array(items) => {
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_value(item, depth + 1, out)?;
            }
            out.push(b']');
        }
        Value::Object(object) => {
            out.push(b'{');
            for (position, (key, item)) in object.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_string(key, out);
                out.push(b':');
                write_value(item, depth + 1, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte >= b' ' && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[copied..at]);
        copied = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            control => write_escaped_unit(u16::from(*control), out),
        }
    }
    out.extend_from_slice(&bytes[copied..]);
    out.push(b'"');
}

fn write_escaped_unit(unit: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(b"0123456789abcdef"[usize::from(unit >> shift) & 15]);
    }
}
