//! Where calls of the host wait for the bootstrap, and which of them it works on.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard};

use funade_rt::fault::Fault;
use funade_rt::wire::{self, Writer};

use crate::bootstrap;

/// A call as the bootstrap gets it.
pub struct Call {
    pub sequence: u32,
    pub request_id: String,
    /// Epoch milliseconds.
    pub deadline: u128,
    pub arn: String,
    pub trace_id: Option<String>,
    /// JSON in ASCII.
    pub client_context: Option<String>,
    pub is_http: bool,
    pub event: Vec<u8>,
}

/// A call that the bootstrap has taken.
#[derive(Clone, Copy)]
pub struct Taken {
    pub sequence: u32,
    pub is_http: bool,
}

pub struct Desk {
    state: Mutex<State>,
    changed: Condvar,
    pub writer: Writer,
}

struct State {
    phase: Phase,
    waiting: VecDeque<Call>,
    /// By request id: those that the bootstrap works on.
    taken: HashMap<String, Taken>,
    /// How many are being answered at this moment.
    answering: usize,
    is_draining: bool,
}

/// `Idle` until there is a LOAD, then `Starting` until the bootstrap asks for its first call or fails, which both answer the LOAD.
#[derive(Clone, Copy)]
enum Phase {
    Idle,
    Starting { load: u32 },
    Ready,
    Failed,
}

impl Desk {
    pub fn new(writer: Writer) -> Desk {
        let state = State {
            phase: Phase::Idle,
            waiting: VecDeque::new(),
            taken: HashMap::new(),
            answering: 0,
            is_draining: false,
        };
        Desk {
            state: Mutex::new(state),
            changed: Condvar::new(),
            writer,
        }
    }

    pub fn begin_start(&self, load: u32) {
        self.lock().phase = Phase::Starting { load };
    }

    pub fn add(&self, call: Call) {
        self.lock().waiting.push_back(call);
        self.changed.notify_one();
    }

    /// Waits for a call. None when the bootstrap has said that it can't start.
    pub fn take(&self) -> Option<Call> {
        let mut state = self.lock();
        match state.phase {
            Phase::Starting { load } => {
                state.phase = Phase::Ready;
                self.writer.send(wire::READY, load, b"{}", &[]);
            }
            Phase::Ready => {}
            Phase::Idle | Phase::Failed => return None,
        }
        loop {
            if let Some(call) = state.waiting.pop_front() {
                let taken = Taken {
                    sequence: call.sequence,
                    is_http: call.is_http,
                };
                state.taken.insert(call.request_id.clone(), taken);
                return Some(call);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    /// The bootstrap hung up before it had the call: the next one that asks gets it.
    pub fn give_back(&self, call: Call) {
        let mut state = self.lock();
        state.taken.remove(&call.request_id);
        state.waiting.push_front(call);
        drop(state);
        self.changed.notify_one();
    }

    /// None when there is no such call, or its answer has come already. Ends with `end_answer` or `abandon_answer`.
    pub fn begin_answer(&self, request_id: &str) -> Option<Taken> {
        let mut state = self.lock();
        let taken = state.taken.remove(request_id)?;
        state.answering += 1;
        Some(taken)
    }

    /// The answer broke off before the host saw any of it: another one may come.
    pub fn abandon_answer(&self, request_id: &str, call: Taken) {
        let mut state = self.lock();
        state.answering -= 1;
        state.taken.insert(request_id.to_owned(), call);
    }

    /// After the last frame of a call.
    pub fn end_answer(&self) {
        let mut state = self.lock();
        state.answering -= 1;
        leave_when_drained(&state);
    }

    pub fn drain(&self) {
        let mut state = self.lock();
        state.is_draining = true;
        leave_when_drained(&state);
    }

    /// Tells the host that the bootstrap can't start; false when it has started before.
    pub fn fail(&self, fault: &Fault) -> bool {
        let mut state = self.lock();
        let Phase::Starting { load } = state.phase else {
            return false;
        };
        state.phase = Phase::Failed;
        self.writer
            .send(wire::INIT_ERROR, load, &fault.to_meta(), &[]);
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn leave_when_drained(state: &State) {
    let is_idle = state.waiting.is_empty() && state.taken.is_empty() && state.answering == 0;
    if state.is_draining && is_idle {
        bootstrap::kill_and_leave(0);
    }
}
