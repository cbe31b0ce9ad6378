use std::time::{Duration, Instant};

use crate::Value;

/// About the call, as on AWS Lambda.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Context {
    pub request_id: String,
    pub function_name: &'static str,
    pub function_version: &'static str,
    pub invoked_function_arn: String,
    /// Megabytes.
    pub memory_limit_in_mb: u64,
    /// `Null` unless the caller sent one.
    pub client_context: Value,
    /// When the call is ended.
    pub deadline: Instant,
}

impl Context {
    /// Zero when the time is over.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    pub fn remaining_time_in_millis(&self) -> u64 {
        self.remaining().as_millis() as u64
    }
}
