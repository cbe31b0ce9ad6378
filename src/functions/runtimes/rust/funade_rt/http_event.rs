//! Between HTTP and what handlers see: the event of API Gateway's HTTP API, payload format 2.0, and
//! answers with `statusCode`. `test/fixtures/http-events.json` holds this to what Node.js and Python do.

use crate::fault::Fault;
use crate::wire::{MAX_BODY, MAX_META};
use crate::{base64, json, write, Object, Value};

/// Meta of RESULT and the body after it.
pub struct Answer {
    pub meta: Vec<u8>,
    pub body: Vec<u8>,
}

/// `meta` is that of an INVOKE of kind `http`. Bodies that are not text arrive in base64.
pub fn to_event(meta: &Value, body: &[u8], function_name: &str) -> Value {
    let text = text_of(meta["headers"]["content-type"].as_str(), body);
    let mut event = Object::with_capacity(10);
    event.insert("version", "2.0");
    event.insert("routeKey", &meta["routeKey"]);
    event.insert("rawPath", &meta["path"]);
    event.insert("rawQueryString", &meta["query"]);
    if meta["cookies"]
        .as_array()
        .is_some_and(|cookies| !cookies.is_empty())
    {
        event.insert("cookies", &meta["cookies"]);
    }
    event.insert("headers", &meta["headers"]);
    match meta["query"].as_str() {
        None | Some("") => {}
        Some(query) => {
            event.insert("queryStringParameters", parse_query(query));
        }
    }
    event.insert("requestContext", request_context(meta, function_name));
    if !body.is_empty() {
        event.insert(
            "body",
            text.map_or_else(|| base64::encode(body), str::to_owned),
        );
    }
    event.insert("isBase64Encoded", !body.is_empty() && text.is_none());
    Value::Object(event)
}

fn request_context(meta: &Value, function_name: &str) -> Value {
    let time = meta["time"].as_i64().unwrap_or(0);
    json!({
        "accountId": "anonymous",
        "apiId": function_name,
        "domainName": meta["headers"]["host"].as_str().unwrap_or(""),
        "domainPrefix": "",
        "http": {
            "method": &meta["method"],
            "path": &meta["path"],
            "protocol": "HTTP/1.1",
            "sourceIp": &meta["sourceIp"],
            "userAgent": meta["headers"]["user-agent"].as_str().unwrap_or(""),
        },
        "requestId": &meta["requestId"],
        "routeKey": &meta["routeKey"],
        "stage": &meta["stage"],
        "time": iso_time(time),
        "timeEpoch": time,
    })
}

/// The body when its type is that of a text and it is UTF-8.
fn text_of<'a>(content_type: Option<&str>, body: &'a [u8]) -> Option<&'a str> {
    let text = std::str::from_utf8(body).ok()?;
    content_type.is_none_or(is_text_type).then_some(text)
}

/// `text/…`, some of `application/…`, and every type with the suffix `+json` or `+xml`.
fn is_text_type(content_type: &str) -> bool {
    let kind = content_type.to_ascii_lowercase();
    if kind.starts_with("text/") {
        return true;
    }
    let named = ["json", "javascript", "xml", "ld+json", "graphql"];
    let is_named = kind.strip_prefix("application/").is_some_and(|rest| {
        named
            .iter()
            .any(|name| rest.strip_prefix(name).is_some_and(ends_word))
    });
    let before_parameters = kind.split(';').next().unwrap_or("").len();
    is_named
        || ["+json", "+xml"].iter().any(|suffix| {
            kind.match_indices(suffix).any(|(at, _)| {
                (1..before_parameters).contains(&at) && ends_word(&kind[at + suffix.len()..])
            })
        })
}

/// Whether no letter, digit or underscore follows.
fn ends_word(rest: &str) -> bool {
    !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')
}

/// As `URLSearchParams` reads it; the values of a name that comes more often are joined with commas.
fn parse_query(query: &str) -> Object {
    let mut values = Object::new();
    for pair in query
        .strip_prefix('?')
        .unwrap_or(query)
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(value);
        match values.entry(&decode(name)) {
            Value::String(before) => {
                before.push(',');
                before.push_str(&value);
            }
            empty => *empty = Value::String(value),
        }
    }
    values
}

fn decode(part: &str) -> String {
    let bytes = part.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |offset: usize| {
            bytes
                .get(at + offset)
                .and_then(|byte| (*byte as char).to_digit(16))
        };
        match (bytes[at], digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) => decoded.push(b' '),
            (byte, ..) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// `2025-11-25T13:00:00.123Z`, for milliseconds since 1970.
fn iso_time(time: i64) -> String {
    let (day, rest) = (time.div_euclid(86_400_000), time.rem_euclid(86_400_000));
    let (year, month, day) = civil_date(day);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        rest % 1000
    )
}

/// Days since 1970 in the Gregorian calendar, by eras of 400 years that begin in March.
fn civil_date(days: i64) -> (i64, i64, i64) {
    let since_year_0 = days + 719_468;
    let (era, day_of_era) = (
        since_year_0.div_euclid(146_097),
        since_year_0.rem_euclid(146_097),
    );
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// What a handler returned, as an HTTP answer. Without `statusCode` the value itself is the JSON body.
pub fn to_answer(value: &Value) -> Result<Answer, Fault> {
    let (meta, body) = match value {
        Value::Object(response) if response.contains_key("statusCode") => from_response(response)?,
        Value::String(text) => (plain_meta(), text.clone().into_bytes()),
        other => {
            let mut body = Vec::new();
            write(other, &mut body).map_err(|error| Fault::unserialisable(error))?;
            (plain_meta(), body)
        }
    };
    if body.len() > MAX_BODY {
        return Err(Fault::too_large(body.len()));
    }
    Ok(Answer {
        meta: result_meta(&meta)?,
        body,
    })
}

fn plain_meta() -> Value {
    json!({ "status": 200, "headers": { "content-type": "application/json" }, "cookies": [] })
}

fn from_response(response: &Object) -> Result<(Value, Vec<u8>), Fault> {
    let body = match &response["body"] {
        Value::Null => Vec::new(),
        Value::String(text) if response["isBase64Encoded"] == true => base64::decode(text),
        Value::String(text) => text.clone().into_bytes(),
        other => {
            let message = format!("body is {}; it has to be a string", name_of(other));
            return Err(Fault::bad_response(message));
        }
    };
    let mut meta = head(response)?;
    if !body.is_empty() && meta["headers"].get("content-type").is_none() {
        meta["headers"]["content-type"] = Value::from("application/json");
    }
    Ok((meta, body))
}

/// `ResultMeta` of `statusCode`, `multiValueHeaders`, `headers` and `cookies`.
pub fn head(response: &Object) -> Result<Value, Fault> {
    let status = status_of(&response["statusCode"])?;
    let mut headers = Object::new();
    if let Some(several) = response["multiValueHeaders"].as_object() {
        for (name, values) in several.iter() {
            if let Some(values) = values.as_array() {
                let values: Vec<String> = values.iter().map(as_text).collect();
                headers.insert(name.to_lowercase(), values.join(","));
            }
        }
    }
    if let Some(single) = response["headers"].as_object() {
        for (name, value) in single.iter().filter(|(_, value)| !value.is_null()) {
            headers.insert(name.to_lowercase(), as_text(value));
        }
    }
    let cookies = response["cookies"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let cookies: Value = cookies.iter().map(as_text).collect();
    Ok(json!({ "status": status, "headers": headers, "cookies": cookies }))
}

fn status_of(value: &Value) -> Result<u64, Fault> {
    let status = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text
            .trim()
            .parse::<f64>()
            .ok()
            .and_then(|status| Value::from(status).as_u64()),
        _ => None,
    };
    match status {
        Some(status @ 200..=599) => Ok(status),
        _ => Err(Fault::bad_response(format!(
            "statusCode {value} is not an HTTP status of 200 to 599"
        ))),
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Fails when status, headers and cookies are more than a frame holds.
pub fn result_meta(meta: &Value) -> Result<Vec<u8>, Fault> {
    let mut text = Vec::new();
    write(meta, &mut text).map_err(|error| Fault::bad_response(error.to_string()))?;
    if text.len() > MAX_META {
        let message = format!(
            "headers and cookies have {} bytes; {MAX_META} are allowed",
            text.len()
        );
        return Err(Fault::bad_response(message));
    }
    Ok(text)
}
