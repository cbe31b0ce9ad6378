//! The AWS Lambda Runtime API, version 2018-06-01.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use funade_rt::fault::Fault;
use funade_rt::json;
use funade_rt::wire::{self, MAX_BODY};

use crate::answers;
use crate::desk::{Call, Desk};
use crate::http::{Connection, Request};

/// JSON of 1,000 levels is read by recursion.
const STACK: usize = 2 * 1024 * 1024;
const PREFIX: &str = "/2018-06-01/runtime/";
const BAD_REQUEST: &str = "400 Bad Request";
const FORBIDDEN: &str = "403 Forbidden";
const TOO_LARGE: &str = "413 Request Entity Too Large";

/// Answers every connection until the process ends.
pub fn serve(listener: TcpListener, desk: &Arc<Desk>) -> io::Result<()> {
    let desk = Arc::clone(desk);
    start(move || {
        for stream in listener.incoming().flatten() {
            let desk = Arc::clone(&desk);
            // Clients that break off are answered no more; without a thread theirs is closed.
            let _ = start(move || {
                let _ = talk(stream, &desk);
            });
        }
    })
}

fn start(act: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .stack_size(STACK)
        .spawn(act)
        .map(|_| ())
}

fn talk(stream: TcpStream, desk: &Desk) -> io::Result<()> {
    let mut connection = Connection::new(stream)?;
    while let Some(request) = connection.read_request()? {
        route(&mut connection, &request, desk)?;
        if !request.keeps_alive {
            break;
        }
    }
    Ok(())
}

fn route(connection: &mut Connection, request: &Request, desk: &Desk) -> io::Result<()> {
    let path = request.path.strip_prefix(PREFIX).unwrap_or("");
    let parts: Vec<&str> = path.split('/').collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["invocation", "next"]) => next(connection, request, desk),
        ("POST", ["invocation", id, "response"]) => respond(connection, request, desk, id),
        ("POST", ["invocation", id, "error"]) => fail_call(connection, request, desk, id),
        ("POST", ["init", "error"]) => fail_start(connection, request, desk),
        _ => {
            connection.body(request)?.read_all(0)?;
            let message = format!("no such resource: {} {}", request.method, request.path);
            refuse(connection, "404 Not Found", "ResourceNotFound", &message)
        }
    }
}

fn next(connection: &mut Connection, request: &Request, desk: &Desk) -> io::Result<()> {
    connection.body(request)?.read_all(0)?;
    let Some(call) = desk.take() else {
        return refuse(
            connection,
            FORBIDDEN,
            "InvalidStateTransition",
            "the start has failed",
        );
    };
    let answered = connection.answer("200 OK", &headers_of(&call), &call.event);
    if answered.is_err() {
        desk.give_back(call);
    }
    answered
}

fn headers_of(call: &Call) -> String {
    let mut headers = format!(
        "Lambda-Runtime-Aws-Request-Id: {}\r\nLambda-Runtime-Deadline-Ms: {}\r\nLambda-Runtime-Invoked-Function-Arn: {}\r\n",
        one_line(&call.request_id), call.deadline, one_line(&call.arn)
    );
    if let Some(trace_id) = &call.trace_id {
        headers += &format!("Lambda-Runtime-Trace-Id: {}\r\n", one_line(trace_id));
    }
    if let Some(client_context) = &call.client_context {
        headers += &format!("Lambda-Runtime-Client-Context: {client_context}\r\n");
    }
    headers
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn respond(
    connection: &mut Connection,
    request: &Request,
    desk: &Desk,
    id: &str,
) -> io::Result<()> {
    let Some(call) = desk.begin_answer(id) else {
        return refuse_id(connection, request);
    };
    let mode = request.header("lambda-runtime-function-response-mode");
    let mut body = connection.body(request)?;
    if mode.is_some_and(|mode| mode.eq_ignore_ascii_case("streaming")) {
        let sent = answers::send_stream(&desk.writer, call, request, &mut body);
        desk.end_answer();
        sent?;
        return accept(connection);
    }
    let whole = body
        .read_all(MAX_BODY)
        .inspect_err(|_| desk.abandon_answer(id, call))?;
    let is_accepted = whole.is_some();
    match whole {
        Some(whole) => answers::send_whole(&desk.writer, call, whole),
        None => {
            let message =
                format!("the response has more than the {MAX_BODY} bytes that are allowed");
            let fault = Fault {
                message,
                ..Fault::too_large(0)
            };
            desk.writer
                .send(wire::ERROR, call.sequence, &fault.to_meta(), &[]);
        }
    }
    desk.end_answer();
    if is_accepted {
        return accept(connection);
    }
    let message = format!("Exceeded maximum allowed payload size ({MAX_BODY} bytes).");
    refuse(connection, TOO_LARGE, "RequestEntityTooLarge", &message)
}

fn fail_call(
    connection: &mut Connection,
    request: &Request,
    desk: &Desk,
    id: &str,
) -> io::Result<()> {
    let Some(call) = desk.begin_answer(id) else {
        return refuse_id(connection, request);
    };
    let fault = read_fault(connection, request).inspect_err(|_| desk.abandon_answer(id, call))?;
    desk.writer
        .send(wire::ERROR, call.sequence, &fault.to_meta(), &[]);
    desk.end_answer();
    accept(connection)
}

fn fail_start(connection: &mut Connection, request: &Request, desk: &Desk) -> io::Result<()> {
    let fault = read_fault(connection, request)?;
    if desk.fail(&fault) {
        return accept(connection);
    }
    refuse(
        connection,
        FORBIDDEN,
        "InvalidStateTransition",
        "the start is over",
    )
}

fn read_fault(connection: &mut Connection, request: &Request) -> io::Result<Fault> {
    let body = connection
        .body(request)?
        .read_all(MAX_BODY)?
        .unwrap_or_default();
    let error_type = request.header("lambda-runtime-function-error-type");
    Ok(answers::read_fault(&body, error_type))
}

fn accept(connection: &mut Connection) -> io::Result<()> {
    connection.answer("202 Accepted", "", b"{\"status\":\"OK\"}\n")
}

fn refuse_id(connection: &mut Connection, request: &Request) -> io::Result<()> {
    connection.body(request)?.read_all(0)?;
    refuse(
        connection,
        BAD_REQUEST,
        "InvalidRequestID",
        "Invalid request ID",
    )
}

fn refuse(connection: &mut Connection, status: &str, kind: &str, message: &str) -> io::Result<()> {
    let body = json!({ "errorMessage": message, "errorType": kind }).to_string();
    connection.answer(status, "", body.as_bytes())
}
