use std::any::type_name;
use std::fmt::{self, Display};

use crate::fault::Fault;

/// An error with a name that callers see, and what `?` makes of any other error.
///
/// ```
/// # use funade_rt::prelude::*;
/// fn handler(event: Value) -> Result<u32, Error> {
///     let text = event["n"].as_str().ok_or_else(|| Error::new("ValidationError", "n is missing"))?;
///     Ok(text.parse::<u32>()?) // errorType ParseIntError
/// }
/// ```
pub struct Error {
    kind: String,
    message: String,
}

impl Error {
    pub fn new(kind: impl Into<String>, message: impl Display) -> Error {
        Error {
            kind: kind.into(),
            message: message.to_string(),
        }
    }

    /// `errorType` of the answer.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Not `Display`: that would forbid the conversion from every other error.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.kind, self.message)
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Error {
        Error::new(kind_of::<E>(), error)
    }
}

/// What a handler may fail with: anything that can be displayed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the error of a handler",
    label = "use funade_rt::Error, String or any type that implements Display"
)]
pub trait IntoFault {
    #[doc(hidden)]
    fn into_fault(self) -> Fault;
}

impl IntoFault for Error {
    fn into_fault(self) -> Fault {
        Fault::new(self.kind, self.message)
    }
}

impl<E: Display> IntoFault for E {
    fn into_fault(self) -> Fault {
        Fault::new(kind_of::<E>(), self.to_string())
    }
}

/// `ParseIntError` for `core::num::error::ParseIntError`. Texts and boxed errors have no name of their own.
fn kind_of<E>() -> &'static str {
    let path = type_name::<E>();
    let path = path.split('<').next().unwrap_or(path);
    match path.rsplit("::").next().unwrap_or(path) {
        "" | "&str" | "String" | "Box" | "Cow" => "Error",
        name => name,
    }
}
