use crate::error::IntoFault;
use crate::fault::Fault;
use crate::{Response, Stream, Value};

/// What came of a call.
#[doc(hidden)]
pub enum Reply {
    Value(Value),
    Response(Response),
    Stream(Stream),
    Fault(Fault),
}

/// What a handler may return: everything that becomes a `Value`, `Response`, `Stream`, and results of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be what a handler returns",
    label = "return a Value, number, text, bool, Vec, Option, Response, Stream or a Result of one"
)]
pub trait IntoReply {
    #[doc(hidden)]
    fn into_reply(self) -> Reply;
}

impl<T: Into<Value>> IntoReply for T {
    fn into_reply(self) -> Reply {
        Reply::Value(self.into())
    }
}

impl IntoReply for Response {
    fn into_reply(self) -> Reply {
        Reply::Response(self)
    }
}

impl IntoReply for Stream {
    fn into_reply(self) -> Reply {
        Reply::Stream(self)
    }
}

impl<T: IntoReply, E: IntoFault> IntoReply for Result<T, E> {
    fn into_reply(self) -> Reply {
        match self {
            Ok(value) => value.into_reply(),
            Err(error) => Reply::Fault(error.into_fault()),
        }
    }
}
