//! From what the bootstrap posts to the frames of an answer.

use std::io;

use funade_rt::fault::Fault;
use funade_rt::http_event::{head, result_meta, to_answer, Answer};
use funade_rt::wire::{self, Writer, MAX_CHUNK, MAX_META};
use funade_rt::{base64, json, parse_keeping_surrogates, Object, ParseErrorKind, Value};

use crate::desk::Taken;
use crate::http::{Body, Request};

const INTEGRATION: &str = "application/vnd.awslambda.http-integration-response";
const SEPARATOR: [u8; 8] = [0; 8];

/// An answer that came as a whole.
pub fn send_whole(writer: &Writer, call: Taken, body: Vec<u8>) {
    let answer = match call.is_http {
        true => read(&body).and_then(|read| to_answer(&read.into_value())),
        false => as_json(body),
    };
    match answer {
        Ok(Answer { meta, body }) => writer.send(wire::RESULT, call.sequence, &meta, &body),
        Err(fault) => writer.send(wire::ERROR, call.sequence, &fault.to_meta(), &[]),
    }
}

/// The host counts on JSON. Bootstraps of a few lines of shell post texts: those become JSON strings.
fn as_json(body: Vec<u8>) -> Result<Answer, Fault> {
    let body = match read(&body)? {
        Read::Json(_) => body,
        Read::Nothing => b"null".to_vec(),
        Read::Text(text) => Value::from(text).to_string().into_bytes(),
    };
    if body.len() > wire::MAX_BODY {
        return Err(Fault::too_large(body.len()));
    }
    Ok(Answer {
        meta: b"{}".to_vec(),
        body,
    })
}

enum Read<'a> {
    Json(Value),
    Text(&'a str),
    Nothing,
}

impl Read<'_> {
    fn into_value(self) -> Value {
        match self {
            Read::Json(value) => value,
            Read::Text(text) => Value::from(text),
            Read::Nothing => Value::Null,
        }
    }
}

fn read(body: &[u8]) -> Result<Read<'_>, Fault> {
    if body.is_empty() {
        return Ok(Read::Nothing);
    }
    let error = match parse_keeping_surrogates(body) {
        Ok(value) => return Ok(Read::Json(value)),
        Err(error) => error,
    };
    match (error.kind, std::str::from_utf8(body)) {
        (ParseErrorKind::Syntax, Ok(text)) => Ok(Read::Text(text)),
        _ => Err(Fault::unserialisable(error)),
    }
}

/// What a bootstrap posts when a call or its start failed: `errorType`, `errorMessage`, `stackTrace`.
pub fn read_fault(body: &[u8], error_type: Option<&str>) -> Fault {
    let error_type = error_type.unwrap_or("Error");
    let Ok(error) = parse_keeping_surrogates(body) else {
        return Fault::new(error_type, String::from_utf8_lossy(body));
    };
    let message = error["errorMessage"].as_str().unwrap_or("");
    let mut fault = Fault::new(error["errorType"].as_str().unwrap_or(error_type), message);
    let trace = error["stackTrace"].as_array().or(error["trace"].as_array());
    for line in trace.into_iter().flatten() {
        let line = line
            .as_str()
            .map_or_else(|| line.to_string(), |text| text.trim().to_owned());
        fault.trace.push(line);
    }
    fault
}

/// An answer that comes bit by bit. An error is one of the connection, and everything has been answered then.
pub fn send_stream(
    writer: &Writer,
    call: Taken,
    request: &Request,
    body: &mut Body<'_>,
) -> io::Result<()> {
    let content_type = request
        .header("content-type")
        .unwrap_or("application/octet-stream");
    let outcome = if call.is_http && content_type == INTEGRATION {
        send_prelude(writer, call, body)
    } else {
        let meta =
            json!({ "status": 200, "headers": { "content-type": content_type }, "cookies": [] });
        Ok(begin_stream(writer, call, meta, Vec::new()))
    };
    let outcome = match outcome {
        Ok(Ok(())) => pass_on(writer, call, body),
        Ok(Err(fault)) => {
            writer.send(wire::ERROR, call.sequence, &fault.to_meta(), &[]);
            return body.read_all(0).map(|_| ());
        }
        Err(error) => {
            let fault = broken(&error);
            writer.send(wire::ERROR, call.sequence, &fault.to_meta(), &[]);
            return Err(error);
        }
    };
    match &outcome {
        Ok(()) => writer.send(wire::END, call.sequence, &end_of(body), &[]),
        Err(error) => writer.send(wire::END, call.sequence, &broken(error).to_meta(), &[]),
    }
    outcome
}

/// Status, headers and cookies as JSON, eight NUL bytes, and then the body.
fn send_prelude(
    writer: &Writer,
    call: Taken,
    body: &mut Body<'_>,
) -> io::Result<Result<(), Fault>> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read
            .windows(SEPARATOR.len())
            .position(|bytes| bytes == SEPARATOR)
        {
            break end;
        }
        if read.len() > 2 * MAX_META || body.read_piece(&mut read, MAX_META)? == 0 {
            let message = "the answer has no prelude of JSON and eight NUL bytes";
            return Ok(Err(Fault::bad_response(message)));
        }
    };
    let first = read.split_off(end + SEPARATOR.len());
    read.truncate(end);
    let mut prelude = match parse_keeping_surrogates(&read) {
        Ok(Value::Object(prelude)) => prelude,
        Ok(other) => return Ok(Err(Fault::bad_response(format!("the prelude is {other}")))),
        Err(error) => return Ok(Err(Fault::bad_response(format!("the prelude: {error}")))),
    };
    if !prelude.contains_key("statusCode") {
        prelude.insert("statusCode", 200);
    }
    Ok(head_of(&prelude).and_then(|meta| begin_stream(writer, call, meta, first)))
}

fn head_of(prelude: &Object) -> Result<Value, Fault> {
    let mut meta = head(prelude)?;
    if meta["headers"].get("content-type").is_none() {
        meta["headers"]["content-type"] = Value::from("application/octet-stream");
    }
    Ok(meta)
}

fn begin_stream(
    writer: &Writer,
    call: Taken,
    mut meta: Value,
    first: Vec<u8>,
) -> Result<(), Fault> {
    meta["stream"] = Value::Bool(true);
    writer.send(wire::RESULT, call.sequence, &result_meta(&meta)?, &[]);
    if !first.is_empty() {
        writer.send(wire::CHUNK, call.sequence, &[], &first);
    }
    Ok(())
}

fn pass_on(writer: &Writer, call: Taken, body: &mut Body<'_>) -> io::Result<()> {
    let mut piece = Vec::new();
    while body.read_piece(&mut piece, MAX_CHUNK)? > 0 {
        writer.send(wire::CHUNK, call.sequence, &[], &piece);
        piece.clear();
    }
    Ok(())
}

/// Meta of END: nothing, or the fault that trailers tell of (its details are JSON in base64).
fn end_of(body: &Body<'_>) -> Vec<u8> {
    let details = body.trailer("lambda-runtime-function-error-body");
    match (body.trailer("lambda-runtime-function-error-type"), details) {
        (None, None) => b"{}".to_vec(),
        (error_type, details) => {
            read_fault(&base64::decode(details.unwrap_or("")), error_type).to_meta()
        }
    }
}

fn broken(error: &io::Error) -> Fault {
    Fault::new(
        "Runtime.TruncatedResponse",
        format!("the bootstrap broke its answer off: {error}"),
    )
}
