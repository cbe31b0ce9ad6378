use std::fmt;

use super::{Number, Object, Value, MAX_DEPTH};

/// Why a text was refused, and at which byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    pub kind: ParseErrorKind,
    pub at: usize,
    expected: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseErrorKind {
    NotUtf8,
    Syntax,
    TooDeep,
    /// A number that no double can hold, such as `1e400`.
    NumberTooLarge,
    /// An escape such as `\ud800` without its other half: a Rust string cannot hold it.
    LoneSurrogate,
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match self.kind {
            ParseErrorKind::NotUtf8 => write!(formatter, "is not UTF-8 at byte {at}"),
            ParseErrorKind::Syntax => write!(formatter, "expected {} at byte {at}", self.expected),
            ParseErrorKind::TooDeep => write!(
                formatter,
                "is nested deeper than {MAX_DEPTH} levels at byte {at}"
            ),
            ParseErrorKind::NumberTooLarge => write!(
                formatter,
                "has a number that no double can hold at byte {at}"
            ),
            ParseErrorKind::LoneSurrogate => write!(
                formatter,
                "has half of a surrogate pair at byte {at}, which no Rust string can hold"
            ),
        }
    }
}

impl std::error::Error for ParseError {}

/// Reads one JSON value, strictly as RFC 8259 has it. Of a key that comes twice the last value counts.
pub fn parse(text: &[u8]) -> Result<Value, ParseError> {
    parse_with(text, false)
}

/// As `parse`, with U+FFFD for halves of surrogate pairs: to look at a text that goes on unchanged.
pub fn parse_keeping_surrogates(text: &[u8]) -> Result<Value, ParseError> {
    parse_with(text, true)
}

fn parse_with(text: &[u8], replaces_surrogates: bool) -> Result<Value, ParseError> {
    if let Err(error) = std::str::from_utf8(text) {
        return Err(ParseError {
            kind: ParseErrorKind::NotUtf8,
            at: error.valid_up_to(),
            expected: "",
        });
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        replaces_surrogates,
    };
    parser.skip_blanks();
    let value = parser.value()?;
    parser.skip_blanks();
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(parser.expected("the end")),
    }
}

/// `text` is UTF-8 as a whole, and `at` never stands inside a character.
struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    replaces_surrogates: bool,
}

impl Parser<'_> {
    fn value(&mut self) -> Result<Value, ParseError> {
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'-' | b'0'..=b'9') => Ok(Value::Number(self.number()?)),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.expected("a value")),
        }
    }

    fn word(&mut self, word: &'static str, value: Value) -> Result<Value, ParseError> {
        if !self.text[self.at..].starts_with(word.as_bytes()) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn array(&mut self) -> Result<Value, ParseError> {
        self.enter()?;
        let mut items = Vec::new();
        if !self.take(b']') {
            loop {
                self.skip_blanks();
                items.push(self.value()?);
                self.skip_blanks();
                if self.take(b']') {
                    break;
                }
                if !self.take(b',') {
                    return Err(self.expected("\",\" or \"]\""));
                }
            }
        }
        self.depth -= 1;
        Ok(Value::Array(items))
    }

    fn object(&mut self) -> Result<Value, ParseError> {
        self.enter()?;
        let mut object = Object::new();
        if !self.take(b'}') {
            loop {
                self.skip_blanks();
                if self.peek() != Some(b'"') {
                    return Err(self.expected("a key in quotes"));
                }
                let key = self.string()?;
                self.skip_blanks();
                if !self.take(b':') {
                    return Err(self.expected("\":\""));
                }
                self.skip_blanks();
                let value = self.value()?;
                object.insert(key, value);
                self.skip_blanks();
                if self.take(b'}') {
                    break;
                }
                if !self.take(b',') {
                    return Err(self.expected("\",\" or \"}\""));
                }
            }
        }
        self.depth -= 1;
        Ok(Value::Object(object))
    }

    /// Steps over an opening bracket and the blanks after it.
    fn enter(&mut self) -> Result<(), ParseError> {
        if self.depth == MAX_DEPTH {
            return Err(self.fault(ParseErrorKind::TooDeep, self.at));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_blanks();
        Ok(())
    }

    fn string(&mut self) -> Result<String, ParseError> {
        self.at += 1;
        let mut read = Vec::new();
        loop {
            let start = self.at;
            while matches!(self.peek(), Some(byte) if byte >= b' ' && byte != b'"' && byte != b'\\')
            {
                self.at += 1;
            }
            read.extend_from_slice(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape(&mut read)?,
                Some(_) => return Err(self.expected("no control character")),
                None => return Err(self.expected("the end of the string")),
            }
        }
        self.at += 1;
        // Pieces of UTF-8, cut before ASCII characters only, and whole characters: cannot fail.
        String::from_utf8(read).map_err(|_| self.fault(ParseErrorKind::NotUtf8, self.at))
    }

    fn escape(&mut self, read: &mut Vec<u8>) -> Result<(), ParseError> {
        let character = match self.text.get(self.at + 1) {
            Some(b'u') => {
                let character = self.unicode()?;
                read.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
            _ => return Err(self.expected("an escape of JSON")),
        };
        read.push(character);
        self.at += 2;
        Ok(())
    }

    fn unicode(&mut self) -> Result<char, ParseError> {
        let start = self.at;
        let first = self.unit()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let is_high = (0xD800..0xDC00).contains(&first);
        if is_high && self.text[self.at..].starts_with(b"\\u") {
            let after_first = self.at;
            let second = self.unit()?;
            if (0xDC00..0xE000).contains(&second) {
                let point = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = after_first;
        }
        if self.replaces_surrogates {
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        Err(self.fault(ParseErrorKind::LoneSurrogate, start))
    }

    /// The four hexadecimal digits after `\u`.
    fn unit(&mut self) -> Result<u32, ParseError> {
        let mut unit = 0;
        for offset in 2..6 {
            let digit = self
                .text
                .get(self.at + offset)
                .and_then(|byte| (*byte as char).to_digit(16));
            match digit {
                Some(digit) => unit = unit * 16 + digit,
                None => return Err(self.expected("four hexadecimal digits")),
            }
        }
        self.at += 6;
        Ok(unit)
    }

    fn number(&mut self) -> Result<Number, ParseError> {
        let start = self.at;
        let is_negative = self.take(b'-');
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.skip_digits(),
            _ => return Err(self.expected("a digit")),
        }
        let integer = self.at;
        if self.take(b'.') {
            self.require_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.require_digits()?;
        }
        // ASCII only, so it is UTF-8 and what `parse` of the standard library reads.
        let text = std::str::from_utf8(&self.text[start..self.at]).unwrap_or("0");
        if self.at == integer && text != "-0" {
            if let Ok(signed) = text.parse::<i64>() {
                return Ok(Number::from(signed));
            }
            if let (false, Ok(unsigned)) = (is_negative, text.parse::<u64>()) {
                return Ok(Number::from(unsigned));
            }
        }
        match text.parse::<f64>() {
            Ok(double) if double.is_finite() => Ok(Number::from(double)),
            _ => Err(self.fault(ParseErrorKind::NumberTooLarge, start)),
        }
    }

    fn require_digits(&mut self) -> Result<(), ParseError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.expected("a digit"));
        }
        self.skip_digits();
        Ok(())
    }

    fn skip_digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        if is_there {
            self.at += 1;
        }
        is_there
    }

    fn expected(&self, expected: &'static str) -> ParseError {
        ParseError {
            kind: ParseErrorKind::Syntax,
            at: self.at,
            expected,
        }
    }

    fn fault(&self, kind: ParseErrorKind, at: usize) -> ParseError {
        ParseError {
            kind,
            at,
            expected: "",
        }
    }
}
