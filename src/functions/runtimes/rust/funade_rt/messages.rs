//! What the host sends: the JSON of LOAD and the meta of INVOKE.

use std::io;

use crate::wire::garbage;
use crate::{parse, Object, Value};

/// Body of LOAD.
#[derive(Debug)]
pub struct LoadOrder {
    pub directory: String,
    pub handler: String,
    pub function_name: String,
    pub function_version: String,
    /// Megabytes.
    pub memory: u64,
    pub variables: Vec<(String, String)>,
    /// Path of a unix socket that answers CONNECT.
    pub egress: Option<String>,
}

impl LoadOrder {
    pub fn read(body: &[u8]) -> io::Result<LoadOrder> {
        let order = parse(body).map_err(|error| garbage(format!("LOAD: {error}")))?;
        let variables = order["variables"]
            .as_object()
            .map(texts)
            .unwrap_or_default();
        Ok(LoadOrder {
            directory: text(&order, "directory")?,
            handler: text(&order, "handler")?,
            function_name: text(&order, "functionName")?,
            function_version: text(&order, "functionVersion")?,
            memory: order["memory"].as_u64().unwrap_or(0),
            variables,
            egress: order["egress"].as_str().map(str::to_owned),
        })
    }

    pub fn has_variable(&self, name: &str) -> bool {
        self.variables.iter().any(|(known, _)| known == name)
    }

    /// The first variable that no environment can hold.
    pub fn impossible_variable(&self) -> Option<&str> {
        let is_impossible = |name: &str, value: &str| {
            name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
        };
        let found = self
            .variables
            .iter()
            .find(|(name, value)| is_impossible(name, value));
        found.map(|(name, _)| name.as_str())
    }
}

/// Meta of INVOKE.
#[derive(Debug)]
pub struct InvokeMeta {
    pub request_id: String,
    /// Milliseconds.
    pub remaining: u64,
    pub arn: String,
    pub client_context: Value,
    /// None when the body is the event itself.
    pub http: Option<Value>,
}

impl InvokeMeta {
    pub fn read(meta: &[u8]) -> io::Result<InvokeMeta> {
        let mut meta = parse(meta).map_err(|error| garbage(format!("INVOKE: {error}")))?;
        let is_http = match meta["kind"].as_str() {
            Some("payload") => false,
            Some("http") => true,
            _ => return Err(garbage(format!("INVOKE of kind {}", meta["kind"]))),
        };
        Ok(InvokeMeta {
            request_id: text(&meta, "requestId")?,
            remaining: meta["remaining"].as_f64().unwrap_or(0.0).max(0.0) as u64,
            arn: text(&meta, "arn")?,
            client_context: meta
                .get_mut("clientContext")
                .map(Value::take)
                .unwrap_or_default(),
            http: is_http.then_some(meta),
        })
    }
}

fn text(message: &Value, key: &str) -> io::Result<String> {
    match message[key].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(garbage(format!("{key} is {}", message[key]))),
    }
}

fn texts(object: &Object) -> Vec<(String, String)> {
    let pairs = object
        .iter()
        .filter_map(|(key, value)| Some((key, value.as_str()?)));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
