/** One handler in Rust with everything that a call can do: compiling is what takes time. */
export const MANY = `
use funade_rt::prelude::*;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU32, Ordering};

static CALLS: AtomicU32 = AtomicU32::new(0);

fn nested(levels: usize) -> Value {
    let mut value = Value::Null;
    for _ in 0..levels {
        value = Value::Array(vec![value]);
    }
    value
}

fn through_proxy(text: &str) -> std::io::Result<String> {
    let proxy = std::env::var("HTTPS_PROXY").unwrap_or_default();
    let mut socket = std::net::TcpStream::connect(proxy.trim_start_matches("http://"))?;
    socket.write_all(text.as_bytes())?;
    socket.shutdown(std::net::Shutdown::Write)?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer)
}

fn handler(event: Value, context: Context) -> Result<Value, Error> {
    match event["do"].as_str() {
        Some("echo") => Ok(event["value"].clone()),
        Some("count") => Ok(Value::from(CALLS.fetch_add(1, Ordering::SeqCst) + 1)),
        Some("context") => Ok(json!({
            "id": &context.request_id,
            "name": context.function_name,
            "version": context.function_version,
            "arn": &context.invoked_function_arn,
            "memory": context.memory_limit_in_mb,
            "client": &context.client_context,
            "remaining": context.remaining_time_in_millis(),
        })),
        Some("variable") => Ok(std::env::var(event["name"].as_str().unwrap_or_default()).ok().into()),
        Some("directory") => Ok(Value::from(std::env::current_dir()?.display().to_string())),
        Some("error") => Err(Error::new("ValidationError", "a has to be a number")),
        Some("parse") => Ok(Value::from("x".parse::<u32>()?)),
        Some("panic") => panic!("out of {}", "luck"),
        Some("panic in a thread") => Ok(Value::from(std::thread::spawn(|| panic!("aside")).join().is_err())),
        Some("nan") => Ok(json!({ "a": [f64::NAN] })),
        Some("deep") => Ok(nested(event["levels"].as_u64().unwrap_or(0) as usize)),
        Some("large") => Ok(Value::from("x".repeat(event["length"].as_u64().unwrap_or(0) as usize))),
        Some("exit") => std::process::exit(7),
        Some("print") => {
            print!("no line");
            eprint!("error too");
            Ok(Value::Null)
        }
        Some("loop") => loop {
            std::hint::black_box(0);
        },
        Some("sleep") => {
            std::thread::sleep(std::time::Duration::from_millis(event["for"].as_u64().unwrap_or(0)));
            Ok(Value::from("slept"))
        }
        Some("wait for a file") => {
            let path = std::path::PathBuf::from(event["path"].as_str().unwrap_or_default());
            while !path.exists() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            Ok(Value::from("waited"))
        }
        Some("child") => {
            use std::process::{Command, Stdio};
            let mut sleep = Command::new("/bin/sleep");
            sleep.arg("60").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let child = sleep.spawn()?;
            Ok(Value::from(child.id()))
        }
        Some("proxy") => Ok(Value::from(through_proxy(event["text"].as_str().unwrap_or_default())?)),
        Some(other) => Err(Error::new("ValidationError", format!("unknown: {other}"))),
        None if event["rawPath"] == "/answer" => Ok(event["body"].as_str().unwrap_or_default().parse()?),
        None => Ok(event),
    }
}

fn main() {
    funade_rt::serve(handler)
}
`;
