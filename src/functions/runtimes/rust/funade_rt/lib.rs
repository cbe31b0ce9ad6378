//! Runtime of Funade's functions in Rust: the standard library and nothing else.
//!
//! ```no_run
//! use funade_rt::prelude::*;
//!
//! fn handler(event: Value, context: Context) -> Result<Value, Error> {
//!     let a = event["params"]["a"].as_f64().ok_or_else(|| Error::new("ValidationError", "a is no number"))?;
//!     Ok(json!({ "twice": a * 2.0, "request": context.request_id }))
//! }
//!
//! fn main() {
//!     funade_rt::serve(handler)
//! }
//! ```

#[doc(hidden)]
pub mod base64;
mod context;
#[doc(hidden)]
pub mod egress;
mod error;
#[doc(hidden)]
pub mod fault;
mod handler;
#[doc(hidden)]
pub mod http_event;
mod json;
mod json_macro;
#[doc(hidden)]
pub mod messages;
mod panics;
mod reply;
mod response;
mod serve;
mod stream;
#[doc(hidden)]
pub mod system;
mod watch;
#[doc(hidden)]
pub mod wire;

pub use context::Context;
pub use error::Error;
pub use handler::IntoHandler;
#[doc(hidden)]
pub use json::{
    parse, parse_keeping_surrogates, write, write_ascii, ParseError, ParseErrorKind, WriteError,
};
pub use json::{Number, Object, Value};
pub use reply::IntoReply;
pub use response::Response;
pub use serve::serve;
pub use stream::{IntoChunk, Stream};

/// What a function usually needs. Scripts have it in scope without asking.
pub mod prelude {
    pub use crate::{json, serve, Context, Error, Number, Object, Response, Stream, Value};
}
