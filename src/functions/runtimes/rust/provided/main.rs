//! The `provided` runtime: the AWS Lambda Runtime API for the bootstrap of a function, frames for the host.

mod answers;
mod bootstrap;
mod desk;
mod http;
mod runtime_api;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Child;
use std::sync::Arc;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use funade_rt::fault::Fault;
use funade_rt::messages::{InvokeMeta, LoadOrder};
use funade_rt::wire::{self, Frame, Reader, Writer};
use funade_rt::{egress, http_event, parse_keeping_surrogates, write, write_ascii, Value};

use desk::{Call, Desk};

/// Where AWS Lambda has its API. Bootstraps are told, so that another port does as well.
const PORT: u16 = 9001;
const STACK: usize = 64 * 1024;

fn main() {
    let mut reader = match Reader::open() {
        Ok(reader) => reader,
        Err(error) => {
            eprintln!("funade: fd 3 is not open ({error}): this program is started by Funade");
            std::process::exit(1);
        }
    };
    let desk = Arc::new(Desk::new(Writer::new(|| bootstrap::leave_with_all())));
    let meta = b"{\"runtime\":\"provided\",\"version\":\"2018-06-01\"}";
    desk.writer.send(wire::READY, 0, meta, &[]);
    let mut function: Option<String> = None;
    loop {
        let frame = next_frame(&mut reader);
        match (frame.kind, &function) {
            (wire::PING, _) => desk.writer.send(wire::PONG, frame.sequence, &[], &[]),
            (wire::DRAIN, _) => desk.drain(),
            (wire::LOAD, None) => function = Some(load(&frame, &desk)),
            (wire::LOAD, Some(_)) => refuse("a second LOAD"),
            (_, Some(name)) => invoke(&desk, name, frame),
            (_, None) => refuse("INVOKE before LOAD"),
        }
    }
}

fn next_frame(reader: &mut Reader) -> Frame {
    match reader.read() {
        Ok(Some(frame)) => frame,
        Ok(None) => bootstrap::leave_with_all(),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => refuse(&error.to_string()),
        Err(_) => bootstrap::leave_with_all(),
    }
}

fn refuse(message: &str) -> ! {
    eprintln!("funade: the host sent no frame: {message}");
    bootstrap::kill_and_leave(1)
}

/// Gives back the name of the function.
fn load(frame: &Frame, desk: &Arc<Desk>) -> String {
    let order = LoadOrder::read(frame.body()).unwrap_or_else(|error| refuse(&error.to_string()));
    desk.begin_start(frame.sequence);
    if let Err(fault) = start(&order, desk) {
        desk.fail(&fault);
    }
    order.function_name
}

/// The LOAD is answered when the bootstrap asks for its first call.
fn start(order: &LoadOrder, desk: &Arc<Desk>) -> Result<(), Fault> {
    if let Some(name) = order.impossible_variable() {
        let message = format!("the variable {name:?} can't be set");
        return Err(Fault::new("Runtime.InvalidVariable", message));
    }
    let failed = |error: io::Error| Fault::new("Runtime.StartError", error.to_string());
    let listener = listen().map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?.to_string();
    let proxies = egress::open(order).map_err(failed)?;
    runtime_api::serve(listener, desk).map_err(failed)?;
    let child = bootstrap::start(order, &variables_of(order, &address, proxies))?;
    watch(child, desk).map_err(failed)
}

/// The usual port where the network is the function's own. Elsewhere another function may have it now, or have
/// left a process behind that still asks it for calls.
fn listen() -> io::Result<TcpListener> {
    if has_own_network() {
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)) {
            return Ok(listener);
        }
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}

/// Whether there is no interface but the loopback. The first two lines are titles.
fn has_own_network() -> bool {
    match std::fs::read_to_string("/proc/net/dev") {
        Ok(table) => table
            .lines()
            .skip(2)
            .all(|line| line.trim_start().starts_with("lo:")),
        Err(_) => true,
    }
}

/// What AWS Lambda sets and clients of the API rely on, then what the function sets, then what nobody may change.
fn variables_of(
    order: &LoadOrder,
    address: &str,
    proxies: Vec<(&'static str, String)>,
) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    let mut set = |name: &str, value: String| variables.push((name.to_owned(), value));
    set("AWS_LAMBDA_FUNCTION_NAME", order.function_name.clone());
    set(
        "AWS_LAMBDA_FUNCTION_VERSION",
        order.function_version.clone(),
    );
    set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", order.memory.to_string());
    set(
        "AWS_LAMBDA_LOG_GROUP_NAME",
        format!("/funade/{}", order.function_name),
    );
    set("AWS_LAMBDA_LOG_STREAM_NAME", order.function_version.clone());
    for (name, value) in proxies {
        set(name, value);
    }
    for (name, value) in &order.variables {
        set(name, value.clone());
    }
    set("AWS_LAMBDA_RUNTIME_API", address.to_owned());
    set("_HANDLER", order.handler.clone());
    set("LAMBDA_TASK_ROOT", order.directory.clone());
    variables
}

/// When the bootstrap ends, so does this process, with the same code: nobody could answer any more.
fn watch(mut child: Child, desk: &Arc<Desk>) -> io::Result<()> {
    let desk = Arc::clone(desk);
    let thread = thread::Builder::new().stack_size(STACK);
    thread
        .spawn(move || {
            let code = bootstrap::code_of(child.wait());
            let message =
                format!("the bootstrap ended with exit code {code} before it asked for a call");
            desk.fail(&Fault::new("Runtime.ExitError", message));
            funade_rt::system::exit_now(code)
        })
        .map(|_| ())
}

fn invoke(desk: &Desk, function_name: &str, frame: Frame) {
    let meta = InvokeMeta::read(frame.meta()).unwrap_or_else(|error| refuse(&error.to_string()));
    let sequence = frame.sequence;
    let event = match &meta.http {
        Some(http) => Ok(http_event(http, frame.body(), function_name)),
        None => payload(frame),
    };
    let event = match event {
        Ok(event) => event,
        Err(fault) => {
            return desk
                .writer
                .send(wire::ERROR, sequence, &fault.to_meta(), &[])
        }
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let trace_id = meta
        .http
        .as_ref()
        .and_then(|http| http["headers"]["x-amzn-trace-id"].as_str());
    let client_context = Some(&meta.client_context).filter(|context| !context.is_null());
    desk.add(Call {
        sequence,
        deadline: now.as_millis() + u128::from(meta.remaining),
        trace_id: trace_id.map(str::to_owned),
        client_context: client_context.and_then(|context| write_ascii(context).ok()),
        is_http: meta.http.is_some(),
        request_id: meta.request_id,
        arn: meta.arn,
        event,
    });
}

fn http_event(meta: &Value, body: &[u8], function_name: &str) -> Vec<u8> {
    let mut event = Vec::new();
    match write(&http_event::to_event(meta, body, function_name), &mut event) {
        Ok(()) => event,
        Err(error) => refuse(&error.to_string()),
    }
}

/// The event as it was sent, once it is known to be JSON. Halves of surrogate pairs are the bootstrap's business.
fn payload(frame: Frame) -> Result<Vec<u8>, Fault> {
    if frame.body().is_empty() {
        return Ok(b"{}".to_vec());
    }
    match parse_keeping_surrogates(frame.body()) {
        Ok(_) => Ok(frame.into_body()),
        Err(error) => Err(Fault::invalid_event(&error)),
    }
}
