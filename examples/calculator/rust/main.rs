//! The same calculator as in ../nodejs and ../python: the same input has the same answer, or the same error.

use funade_rt::{json, serve, Error, Value};

fn main() {
    serve(handler)
}

/// Called with an event, it returns the answer or an error. Called over HTTP, it answers with 200 or 400.
fn handler(event: Value) -> Result<Value, Error> {
    if event["requestContext"]["http"].is_null() {
        return calculate(&event);
    }
    let (status, body) = match calculate(&input_of(&event)) {
        Ok(answer) => (200, answer),
        Err(error) => (400, json!({ "errorType": error.kind(), "errorMessage": error.message() })),
    };
    Ok(json!({ "statusCode": status, "body": body.to_string() }))
}

/// The kind of an error is the `errorType` that callers see.
fn calculate(input: &Value) -> Result<Value, Error> {
    if !input.is_object() {
        return Err(Error::new("InvalidInput", "the input has to be a JSON object"));
    }
    let operation = input["operation"].as_str().unwrap_or_default();
    let operate: fn(f64, f64) -> f64 = match operation {
        "add" => |a, b| a + b,
        "subtract" => |a, b| a - b,
        "multiply" => |a, b| a * b,
        "divide" => |a, b| a / b,
        _ => return Err(Error::new("UnknownOperation", "operation has to be one of add, subtract, multiply, divide")),
    };
    let (a, b) = (number_of(input, "a")?, number_of(input, "b")?);
    if operation == "divide" && b == 0.0 {
        return Err(Error::new("DivisionByZero", "b must not be 0"));
    }
    let result = operate(a, b);
    if !result.is_finite() {
        return Err(Error::new("OutOfRange", "the result is too large"));
    }
    Ok(json!({ "result": result }))
}

fn number_of(input: &Value, name: &str) -> Result<f64, Error> {
    input[name].as_f64().ok_or_else(|| Error::new("NotANumber", format!("{name} has to be a number")))
}

/// The body when there is one, else the query: `?operation=add&a=2&b=3`.
fn input_of(event: &Value) -> Value {
    if let Some(body) = event.get("body") {
        return parsed(body);
    }
    let query = &event["queryStringParameters"];
    json!({ "operation": query["operation"].clone(), "a": parsed(&query["a"]), "b": parsed(&query["b"]) })
}

/// Null for what is not JSON, or has numbers that no double can hold.
fn parsed(text: &Value) -> Value {
    text.as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}
