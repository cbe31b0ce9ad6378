//! The loop of a worker: one LOAD, then one call after the other.

use std::env;
use std::io::Write;
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::handler::AnyHandler;
use crate::http_event::{self, Answer};
use crate::json::dismantle;
use crate::messages::{InvokeMeta, LoadOrder};
use crate::reply::Reply;
use crate::response::Head;
use crate::stream::Stream;
use crate::watch::{Link, Watch};
use crate::wire::{self, Frame};
use crate::{egress, panics, parse, Context, IntoHandler, Object, Value};

/// Answers calls with `handler` until the host ends the process. Variables of the function are in the
/// environment when the handler is called first, not before `serve`.
pub fn serve<Shape, H: IntoHandler<Shape>>(handler: H) -> ! {
    run(handler.into_handler())
}

/// `rustc` that compiled this library, as far as it was told.
const VERSION: &str = match option_env!("FUNADE_RUSTC_VERSION") {
    Some(version) => version,
    None => "unknown",
};

struct Worker {
    link: Arc<Link>,
    watch: Watch,
    function_name: &'static str,
    function_version: &'static str,
    memory: u64,
    handler: AnyHandler,
}

fn run(handler: AnyHandler) -> ! {
    let link = match Link::open() {
        Ok(link) => Arc::new(link),
        Err(error) => {
            eprintln!("funade: fd 3 is not open ({error}): this program is started by Funade");
            process::exit(1);
        }
    };
    panics::note_places();
    let meta = format!("{{\"runtime\":\"rust\",\"version\":\"{VERSION}\"}}");
    link.writer.send(wire::READY, 0, meta.as_bytes(), &[]);
    let mut handler = Some(handler);
    let mut worker: Option<Worker> = None;
    loop {
        let frame = link.next();
        match (frame.kind, &mut worker) {
            (wire::PING, _) => link.writer.send(wire::PONG, frame.sequence, &[], &[]),
            (wire::DRAIN, _) => {
                let _ = std::io::stdout().flush();
                process::exit(0)
            }
            (wire::INVOKE, Some(worker)) => worker.invoke(&frame),
            (wire::LOAD, None) => match handler.take() {
                Some(handler) => worker = load(&frame, &link, handler),
                None => refuse("a second LOAD"),
            },
            (wire::LOAD, Some(_)) => refuse("a second LOAD"),
            _ => refuse("INVOKE before LOAD"),
        }
    }
}

fn refuse(message: &str) -> ! {
    wire::refuse(&wire::garbage(message.to_owned()))
}

/// None when it failed, of which the host knows: it will end the process.
fn load(frame: &Frame, link: &Arc<Link>, handler: AnyHandler) -> Option<Worker> {
    let order = LoadOrder::read(frame.body()).unwrap_or_else(|error| wire::refuse(&error));
    match prepare(order, link, handler) {
        Ok(worker) => {
            link.writer.send(wire::READY, frame.sequence, b"{}", &[]);
            Some(worker)
        }
        Err(fault) => {
            link.writer
                .send(wire::INIT_ERROR, frame.sequence, &fault.to_meta(), &[]);
            None
        }
    }
}

fn prepare(order: LoadOrder, link: &Arc<Link>, handler: AnyHandler) -> Result<Worker, Fault> {
    if let Some(name) = order.impossible_variable() {
        let message = format!("the variable {name:?} can't be set");
        return Err(Fault::new("Runtime.InvalidVariable", message));
    }
    for (name, value) in &order.variables {
        env::set_var(name, value);
    }
    if let Err(error) = env::set_current_dir(&order.directory) {
        let message = format!("can't enter {}: {error}", order.directory);
        return Err(Fault::new("Runtime.StartError", message));
    }
    let failed = |error: std::io::Error| Fault::new("Runtime.StartError", error.to_string());
    for (name, value) in egress::open(&order).map_err(failed)? {
        env::set_var(name, value);
    }
    Ok(Worker {
        link: Arc::clone(link),
        watch: Watch::start(link).map_err(failed)?,
        function_name: order.function_name.leak(),
        function_version: order.function_version.leak(),
        memory: order.memory,
        handler,
    })
}

impl Worker {
    fn invoke(&mut self, frame: &Frame) {
        let meta = InvokeMeta::read(frame.meta()).unwrap_or_else(|error| wire::refuse(&error));
        let is_http = meta.http.is_some();
        self.watch.begin();
        let reply = match self.event_of(&meta, frame.body()) {
            Ok(event) => self.call(event, meta),
            Err(fault) => Reply::Fault(fault),
        };
        // What was printed belongs to this call, so it goes out before its answer.
        let _ = std::io::stdout().flush();
        match reply {
            Reply::Stream(stream) => self.stream(stream, frame.sequence),
            other => self.answer(other, is_http, frame.sequence),
        }
        self.watch.end();
    }

    fn event_of(&self, meta: &InvokeMeta, body: &[u8]) -> Result<Value, Fault> {
        match &meta.http {
            Some(http) => Ok(http_event::to_event(http, body, self.function_name)),
            None if body.is_empty() => Ok(Value::Object(Object::new())),
            None => parse(body).map_err(|error| Fault::invalid_event(&error)),
        }
    }

    fn call(&mut self, event: Value, meta: InvokeMeta) -> Reply {
        let context = Context {
            request_id: meta.request_id,
            function_name: self.function_name,
            function_version: self.function_version,
            invoked_function_arn: meta.arn,
            memory_limit_in_mb: self.memory,
            client_context: meta.client_context,
            deadline: Instant::now() + Duration::from_millis(meta.remaining),
        };
        panics::catch(|| (self.handler)(event, context)).unwrap_or_else(Reply::Fault)
    }

    fn answer(&self, reply: Reply, is_http: bool, sequence: u32) {
        let answer = match reply {
            Reply::Value(value) if !is_http => return self.result(value, sequence),
            Reply::Response(response) if !is_http => match response.into_value() {
                Ok(value) => return self.result(value, sequence),
                Err(fault) => Err(fault),
            },
            Reply::Value(value) => {
                let answer = http_event::to_answer(&value);
                dismantle_when_failed(&answer, value);
                answer
            }
            Reply::Response(response) => response.into_answer(),
            Reply::Fault(fault) => Err(fault),
            Reply::Stream(_) => return,
        };
        match answer {
            Ok(Answer { meta, body }) => {
                self.link.writer.send(wire::RESULT, sequence, &meta, &body)
            }
            Err(fault) => self
                .link
                .writer
                .send(wire::ERROR, sequence, &fault.to_meta(), &[]),
        }
    }

    /// Writes the JSON where it is sent from.
    fn result(&self, value: Value, sequence: u32) {
        let mut frame = wire::begin(wire::RESULT, sequence, b"{}");
        let before = frame.len();
        let written =
            crate::write(&value, &mut frame).map_err(|error| Fault::unserialisable(error));
        dismantle_when_failed(&written, value);
        let length = frame.len() - before;
        match written {
            Ok(()) if length <= wire::MAX_BODY => return self.link.writer.finish(frame, &[]),
            Ok(()) => self.link.writer.send(
                wire::ERROR,
                sequence,
                &Fault::too_large(length).to_meta(),
                &[],
            ),
            Err(fault) => self
                .link
                .writer
                .send(wire::ERROR, sequence, &fault.to_meta(), &[]),
        }
    }

    /// What is wrong before the first chunk is an ordinary error, what is wrong later belongs to the END.
    fn stream(&self, stream: Stream, sequence: u32) {
        let writer = &self.link.writer;
        let Stream { head, mut chunks } = stream;
        let mut next = || match panics::catch(|| chunks.next()) {
            Ok(chunk) => chunk.transpose(),
            Err(fault) => Err(fault),
        };
        let mut chunk = match next().and_then(|first| Ok((stream_meta(head)?, first))) {
            Ok((meta, first)) => {
                writer.send(wire::RESULT, sequence, &meta, &[]);
                first
            }
            Err(fault) => return writer.send(wire::ERROR, sequence, &fault.to_meta(), &[]),
        };
        while let Some(bytes) = chunk {
            let _ = std::io::stdout().flush();
            for piece in bytes.chunks(wire::MAX_CHUNK) {
                writer.send(wire::CHUNK, sequence, &[], piece);
            }
            chunk = match next() {
                Ok(chunk) => chunk,
                Err(fault) => return writer.send(wire::END, sequence, &fault.to_meta(), &[]),
            };
        }
        writer.send(wire::END, sequence, b"{}", &[]);
    }
}

fn stream_meta(mut head: Head) -> Result<Vec<u8>, Fault> {
    head.set_default_type("application/octet-stream");
    let mut meta = head.into_meta()?;
    meta["stream"] = Value::Bool(true);
    http_event::result_meta(&meta)
}

/// A value that was not written may be nested so deep that dropping it ends the process.
fn dismantle_when_failed<T>(outcome: &Result<T, Fault>, value: Value) {
    if outcome.is_err() {
        dismantle(value);
    }
}
