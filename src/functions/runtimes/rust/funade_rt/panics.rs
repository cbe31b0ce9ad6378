//! A panic of a handler is an answer, not the end of the process.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};

use crate::fault::Fault;

thread_local! {
    /// Where this thread panicked last.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes the place of every panic before the hook so far, which prints it to stderr.
pub fn note_places() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(ToString::to_string);
        PLACE.with(|noted| *noted.borrow_mut() = place);
        print(info);
    }));
}

/// Runs `act`; a panic becomes a fault of type `Panic`, with `file:line:column` as its trace.
pub fn catch<T>(act: impl FnOnce() -> T) -> Result<T, Fault> {
    panic::catch_unwind(AssertUnwindSafe(act)).map_err(|payload| {
        let mut fault = Fault::new("Panic", text_of(payload.as_ref()));
        fault
            .trace
            .extend(PLACE.with(|noted| noted.borrow_mut().take()));
        fault
    })
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        return (*text).to_owned();
    }
    match payload.downcast_ref::<String>() {
        Some(text) => text.clone(),
        None => "a panic without a text".to_owned(),
    }
}
