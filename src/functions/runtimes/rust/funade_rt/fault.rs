//! What went wrong, as the host is told.

use std::fmt::Display;

use crate::{write, Object, ParseError, ParseErrorKind, Value};

/// `reason` of the wire, for what is not the handler's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    InvalidEvent,
    Unserialisable,
    BadResponse,
    ResponseTooLarge,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Reason::InvalidEvent => "invalid_event",
            Reason::Unserialisable => "unserialisable",
            Reason::BadResponse => "bad_response",
            Reason::ResponseTooLarge => "response_too_large",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Fault {
    pub error_type: String,
    pub message: String,
    pub trace: Vec<String>,
    pub reason: Option<Reason>,
}

const MAX_TYPE: usize = 200;
const MAX_MESSAGE: usize = 4096;
const MAX_LINE: usize = 500;
const MAX_LINES: usize = 12;

impl Fault {
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Fault {
        let (error_type, message) = (error_type.into(), message.into());
        Fault {
            error_type,
            message,
            trace: Vec::new(),
            reason: None,
        }
    }

    pub fn invalid_event(error: &ParseError) -> Fault {
        let message = match error.kind {
            ParseErrorKind::Syntax => format!("the event is not JSON: {error}"),
            _ => format!("the event {error}"),
        };
        let reason = Some(Reason::InvalidEvent);
        Fault {
            reason,
            ..Fault::new("Runtime.InvalidEvent", message)
        }
    }

    pub fn unserialisable(error: impl Display) -> Fault {
        let message = format!("the result can't be written as JSON: {error}");
        let reason = Some(Reason::Unserialisable);
        Fault {
            reason,
            ..Fault::new("Runtime.MarshalError", message)
        }
    }

    pub fn bad_response(message: impl Into<String>) -> Fault {
        Fault {
            reason: Some(Reason::BadResponse),
            ..Fault::new("Function.InvalidResponse", message)
        }
    }

    pub fn too_large(length: usize) -> Fault {
        let message = format!(
            "the response has {length} bytes; {} are allowed",
            crate::wire::MAX_BODY
        );
        let reason = Some(Reason::ResponseTooLarge);
        Fault {
            reason,
            ..Fault::new("Function.ResponseSizeTooLarge", message)
        }
    }

    /// `FaultMeta` as JSON, cut to what fits a frame.
    pub fn to_meta(&self) -> Vec<u8> {
        let trace = self
            .trace
            .iter()
            .take(MAX_LINES)
            .map(|line| first(line, MAX_LINE));
        let mut meta = Object::with_capacity(4);
        meta.insert("errorType", first(&self.error_type, MAX_TYPE));
        meta.insert("message", first(&self.message, MAX_MESSAGE));
        meta.insert("trace", trace.collect::<Value>());
        if let Some(reason) = self.reason {
            meta.insert("reason", reason.name());
        }
        let mut text = Vec::new();
        // Texts only: cannot fail.
        let _ = write(&Value::Object(meta), &mut text);
        text
    }
}

fn first(text: &str, characters: usize) -> &str {
    match text.char_indices().nth(characters) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
