//! What has to go on while a handler runs: leaving when the host is gone, and answering PING.
//!
//! The watcher sleeps in poll(2) until the host hangs up. A call after a silence wakes it, and from then on it looks every
//! tenth of a second; when it finds the same call twice it reads the channel in its place. Calls that are
//! faster than that cost two writes to memory.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::system::{exit_now, wait_for, Watched, HANGUP, READABLE};
use crate::wire::{self, Frame, Reader, Writer, CHANNEL};

const LOOK: i32 = 100;
const LOOK_CLOSELY: i32 = 20;
/// Frames that are read ahead while a handler runs.
const AHEAD: usize = 64;
const STACK: usize = 128 * 1024;

pub struct Link {
    inbox: Mutex<Inbox>,
    pub writer: Writer,
    /// Number of the call that runs, 0 when none does.
    running: AtomicU64,
    calls: AtomicU64,
    asleep: AtomicBool,
}

struct Inbox {
    reader: Reader,
    /// What the watcher has read in the place of the loop.
    waiting: VecDeque<Frame>,
}

impl Link {
    pub fn open() -> io::Result<Link> {
        let reader = Reader::open()?;
        Ok(Link {
            inbox: Mutex::new(Inbox {
                reader,
                waiting: VecDeque::new(),
            }),
            writer: Writer::new(|| exit_now(0)),
            running: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            asleep: AtomicBool::new(true),
        })
    }

    /// The next frame; ends the process when there is none.
    pub fn next(&self) -> Frame {
        let mut inbox = self.lock();
        if let Some(frame) = inbox.waiting.pop_front() {
            return frame;
        }
        read(&mut inbox.reader)
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn read(reader: &mut Reader) -> Frame {
    match reader.read() {
        Ok(Some(frame)) => frame,
        Ok(None) => exit_now(0),
        Err(error) => wire::refuse(&error),
    }
}

/// Says when a handler runs.
pub struct Watch {
    link: Arc<Link>,
    bell: UnixStream,
}

impl Watch {
    pub fn start(link: &Arc<Link>) -> io::Result<Watch> {
        let (bell, heard) = UnixStream::pair()?;
        let watched = Arc::clone(link);
        let thread = std::thread::Builder::new()
            .name("funade".to_owned())
            .stack_size(STACK);
        thread.spawn(move || watch(&watched, heard))?;
        Ok(Watch {
            link: Arc::clone(link),
            bell,
        })
    }

    pub fn begin(&mut self) {
        let call = self.link.calls.load(SeqCst) + 1;
        self.link.calls.store(call, SeqCst);
        self.link.running.store(call, SeqCst);
        if self.link.asleep.swap(false, SeqCst) {
            // It cannot be full: one byte per sleep.
            let _ = self.bell.write(&[0]);
        }
    }

    pub fn end(&mut self) {
        self.link.running.store(0, SeqCst);
    }
}

fn watch(link: &Link, mut bell: UnixStream) {
    let mut seen_running = 0;
    let mut seen_calls = 0;
    loop {
        let timeout = if link.asleep.load(SeqCst) { -1 } else { LOOK };
        let mut watched = [
            Watched::new(CHANNEL, HANGUP),
            Watched::new(bell.as_raw_fd(), READABLE),
        ];
        wait_for(&mut watched, timeout);
        let [channel, rung] = watched;
        if channel.has_hung_up() {
            exit_now(0);
        }
        if rung.is_readable() {
            let _ = bell.read(&mut [0; 16]);
        }
        let (running, calls) = (link.running.load(SeqCst), link.calls.load(SeqCst));
        if running != 0 && running == seen_running && !rung.is_readable() {
            read_instead(link, running);
        } else if running == 0 && calls == seen_calls && timeout != -1 {
            link.asleep.store(true, SeqCst);
            if link.running.load(SeqCst) != 0 {
                link.asleep.store(false, SeqCst);
            }
        }
        (seen_running, seen_calls) = (running, calls);
    }
}

/// Reads the channel until the call `running` ends. Only PING can be answered meanwhile; all else waits.
fn read_instead(link: &Link, running: u64) {
    while link.running.load(SeqCst) == running {
        let mut is_full = false;
        // The loop holds the inbox only between calls, so that one is over when this has to wait for it.
        let mut inbox = link.lock();
        while link.running.load(SeqCst) == running {
            is_full = inbox.waiting.len() >= AHEAD;
            let is_more = inbox.reader.has_buffered() || look(READABLE, 0).is_readable();
            if is_full || !is_more {
                break;
            }
            let frame = read(&mut inbox.reader);
            if frame.kind == wire::PING {
                link.writer.send(wire::PONG, frame.sequence, &[], &[]);
            } else {
                inbox.waiting.push_back(frame);
            }
        }
        drop(inbox);
        let wanted = if is_full { HANGUP } else { HANGUP | READABLE };
        if look(wanted, LOOK_CLOSELY).has_hung_up() {
            exit_now(0);
        }
    }
}

fn look(wanted: i16, timeout: i32) -> Watched {
    let mut channel = [Watched::new(CHANNEL, wanted)];
    wait_for(&mut channel, timeout);
    let [channel] = channel;
    channel
}
