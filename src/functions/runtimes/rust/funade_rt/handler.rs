use crate::reply::Reply;
use crate::{Context, IntoReply, Value};

/// A handler whose shape is forgotten: all of the loop around it is compiled once, with this library.
pub(crate) type AnyHandler = Box<dyn FnMut(Value, Context) -> Reply>;

/// Functions and closures `(Value)`, `(Value, Context)`, `(Value, &Context)` or without parameters. `Shape`
/// tells these apart and is found by the compiler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler",
    label = "a handler takes (Value), (Value, Context) or (Value, &Context) and returns a value or a Result"
)]
pub trait IntoHandler<Shape> {
    #[doc(hidden)]
    fn into_handler(self) -> Box<dyn FnMut(Value, Context) -> Reply>;
}

impl<F, R> IntoHandler<()> for F
where
    F: FnMut() -> R + 'static,
    R: IntoReply,
{
    fn into_handler(mut self) -> AnyHandler {
        Box::new(move |_, _| self().into_reply())
    }
}

impl<F, R> IntoHandler<(Value,)> for F
where
    F: FnMut(Value) -> R + 'static,
    R: IntoReply,
{
    fn into_handler(mut self) -> AnyHandler {
        Box::new(move |event, _| self(event).into_reply())
    }
}

impl<F, R> IntoHandler<(Value, Context)> for F
where
    F: FnMut(Value, Context) -> R + 'static,
    R: IntoReply,
{
    fn into_handler(mut self) -> AnyHandler {
        Box::new(move |event, context| self(event, context).into_reply())
    }
}

impl<F, R> IntoHandler<(Value, &Context)> for F
where
    F: FnMut(Value, &Context) -> R + 'static,
    R: IntoReply,
{
    fn into_handler(mut self) -> AnyHandler {
        Box::new(move |event, context| self(event, &context).into_reply())
    }
}
