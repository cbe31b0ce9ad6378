use crate::fault::Fault;
use crate::http_event::{result_meta, Answer};
use crate::wire::MAX_BODY;
use crate::{base64, json, Object, Value};

/// An HTTP answer whose body is bytes. Without `content-type` a body is JSON.
///
/// ```
/// # use funade_rt::prelude::*;
/// fn handler(_event: Value) -> Response {
///     Response::new(200).header("Content-Type", "image/png").body(vec![137, 80, 78, 71])
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Response {
    pub(crate) head: Head,
    body: Vec<u8>,
}

/// What comes before a body, streamed or not.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    status: u16,
    headers: Object,
    cookies: Vec<String>,
    broken: Option<String>,
}

impl Response {
    /// Statuses from 200 to 599.
    pub fn new(status: u16) -> Response {
        Response {
            head: Head::new(status),
            body: Vec::new(),
        }
    }

    pub fn json(status: u16, value: impl Into<Value>) -> Response {
        let mut response = Response::new(status).header("content-type", "application/json");
        if let Err(error) = crate::write(&value.into(), &mut response.body) {
            response.head.broken = Some(error.to_string());
        }
        response
    }

    pub fn text(status: u16, text: impl Into<String>) -> Response {
        Response::new(status)
            .header("content-type", "text/plain; charset=utf-8")
            .body(text.into())
    }

    /// Values of a name that is given again are joined with a comma; cookies have a way of their own.
    pub fn header(mut self, name: impl AsRef<str>, value: impl ToString) -> Response {
        self.head.add_header(name.as_ref(), &value.to_string());
        self
    }

    /// The value of one `set-cookie`.
    pub fn cookie(mut self, cookie: impl Into<String>) -> Response {
        self.head.cookies.push(cookie.into());
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Response {
        self.body = body.into();
        self
    }

    pub(crate) fn into_answer(mut self) -> Result<Answer, Fault> {
        if self.body.len() > MAX_BODY {
            return Err(Fault::too_large(self.body.len()));
        }
        if !self.body.is_empty() {
            self.head.set_default_type("application/json");
        }
        Ok(Answer {
            meta: result_meta(&self.head.into_meta()?)?,
            body: self.body,
        })
    }

    /// What API Gateway takes, for callers that are not HTTP.
    pub(crate) fn into_value(self) -> Result<Value, Fault> {
        let meta = self.head.into_meta()?;
        let (body, is_base64) = match String::from_utf8(self.body) {
            Ok(text) => (text, false),
            Err(bytes) => (base64::encode(bytes.as_bytes()), true),
        };
        Ok(json!({
            "statusCode": &meta["status"],
            "headers": &meta["headers"],
            "cookies": &meta["cookies"],
            "body": body,
            "isBase64Encoded": is_base64,
        }))
    }
}

impl Head {
    pub(crate) fn new(status: u16) -> Head {
        Head {
            status,
            headers: Object::new(),
            cookies: Vec::new(),
            broken: None,
        }
    }

    pub(crate) fn set_status(&mut self, status: u16) {
        self.status = status;
    }

    pub(crate) fn add_cookie(&mut self, cookie: String) {
        self.cookies.push(cookie);
    }

    pub(crate) fn add_header(&mut self, name: &str, value: &str) {
        match self.headers.entry(&name.to_lowercase()) {
            Value::String(before) => {
                before.push(',');
                before.push_str(value);
            }
            empty => *empty = Value::from(value),
        }
    }

    pub(crate) fn set_default_type(&mut self, content_type: &str) {
        if !self.headers.contains_key("content-type") {
            self.headers.insert("content-type", content_type);
        }
    }

    pub(crate) fn into_meta(self) -> Result<Value, Fault> {
        if let Some(message) = self.broken {
            return Err(Fault::unserialisable(message));
        }
        if !(200..600).contains(&self.status) {
            let message = format!(
                "statusCode {} is not an HTTP status of 200 to 599",
                self.status
            );
            return Err(Fault::bad_response(message));
        }
        Ok(json!({ "status": self.status, "headers": self.headers, "cookies": self.cookies }))
    }
}
