//! Frames on fd 3: `u32be length | u8 type | u32be sequence | u16be metaLength | meta | body`.

use std::fs::File;
use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, RawFd};
use std::sync::Mutex;

use crate::system;

pub const READY: u8 = 1;
pub const LOAD: u8 = 2;
pub const INVOKE: u8 = 3;
pub const RESULT: u8 = 4;
pub const ERROR: u8 = 5;
pub const CHUNK: u8 = 6;
pub const END: u8 = 7;
pub const INIT_ERROR: u8 = 9;
pub const PING: u8 = 10;
pub const PONG: u8 = 11;
pub const DRAIN: u8 = 12;

pub const CHANNEL: RawFd = 3;
pub const MAX_META: usize = 65_535;
pub const MAX_BODY: usize = 6 * 1024 * 1024;
pub const MAX_CHUNK: usize = 1024 * 1024;

/// What follows the length, without meta and body.
const FIXED: usize = 7;
const HEAD: usize = 4 + FIXED;
const BUFFER: usize = 32 * 1024;

pub struct Frame {
    pub kind: u8,
    pub sequence: u32,
    data: Vec<u8>,
    meta_length: usize,
}

impl Frame {
    pub fn meta(&self) -> &[u8] {
        &self.data[..self.meta_length]
    }

    pub fn body(&self) -> &[u8] {
        &self.data[self.meta_length..]
    }

    pub fn into_body(mut self) -> Vec<u8> {
        self.data.drain(..self.meta_length);
        self.data
    }
}

/// The channel stays open until the process ends, whoever drops this.
pub struct Reader {
    channel: ManuallyDrop<File>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Reader {
    /// Fails when fd 3 is not open. Programs that are started later do not get it.
    pub fn open() -> io::Result<Reader> {
        system::close_on_exec(CHANNEL)?;
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Ok(Reader {
            channel: channel(),
            buffer,
            start: 0,
            end: 0,
        })
    }

    /// Whether bytes of a next frame are here already.
    pub fn has_buffered(&self) -> bool {
        self.start < self.end
    }

    /// The next frame from the host; None when it has closed. `InvalidData` when it is no frame.
    pub fn read(&mut self) -> io::Result<Option<Frame>> {
        if !self.fill(4)? {
            return Ok(None);
        }
        let length = self.be_u32(0) as usize;
        if !(FIXED..=FIXED + MAX_META + MAX_BODY).contains(&length) {
            return Err(garbage(format!("frame of {length} bytes")));
        }
        if !self.fill(HEAD)? {
            return Ok(None);
        }
        let kind = self.buffer[self.start + 4];
        let sequence = self.be_u32(5);
        let meta_length = (self.be_u32(7) & 0xffff) as usize;
        if !matches!(kind, LOAD | INVOKE | PING | DRAIN) {
            return Err(garbage(format!("frame of type {kind}")));
        }
        if FIXED + meta_length > length {
            return Err(garbage("meta longer than its frame".to_owned()));
        }
        self.start += HEAD;
        match self.take(length - FIXED)? {
            Some(data) => Ok(Some(Frame {
                kind,
                sequence,
                data,
                meta_length,
            })),
            None => Ok(None),
        }
    }

    fn be_u32(&self, offset: usize) -> u32 {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.buffer[self.start + offset..][..4]);
        u32::from_be_bytes(bytes)
    }

    /// Makes `count` bytes ready in the buffer; false at the end.
    fn fill(&mut self, count: usize) -> io::Result<bool> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start + count > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        while self.end - self.start < count {
            match self.channel.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Ok(false),
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn take(&mut self, count: usize) -> io::Result<Option<Vec<u8>>> {
        let here = count.min(self.end - self.start);
        let mut data = Vec::with_capacity(count);
        data.extend_from_slice(&self.buffer[self.start..self.start + here]);
        self.start += here;
        let missing = count - here;
        if missing >= self.buffer.len() {
            let read = (&*self.channel)
                .take(missing as u64)
                .read_to_end(&mut data)?;
            return Ok((read == missing).then_some(data));
        }
        if missing > 0 {
            if !self.fill(missing)? {
                return Ok(None);
            }
            data.extend_from_slice(&self.buffer[self.start..self.start + missing]);
            self.start += missing;
        }
        Ok(Some(data))
    }
}

/// One frame is written at a time, whichever thread it comes from.
pub struct Writer {
    channel: Mutex<ManuallyDrop<File>>,
    /// Ends the process.
    leave: fn() -> !,
}

impl Writer {
    /// `leave` is called when the host is gone.
    pub fn new(leave: fn() -> !) -> Writer {
        Writer {
            channel: Mutex::new(channel()),
            leave,
        }
    }

    /// `meta` and `body` have to be within their limits.
    pub fn send(&self, kind: u8, sequence: u32, meta: &[u8], body: &[u8]) {
        let mut frame = begin(kind, sequence, meta);
        if body.len() <= BUFFER {
            frame.extend_from_slice(body);
            self.finish(frame, &[]);
        } else {
            self.finish(frame, body);
        }
    }

    /// Sends what `begin` has begun, to which a body may have been appended, and `rest`.
    pub fn finish(&self, mut frame: Vec<u8>, rest: &[u8]) {
        let length = (frame.len() - 4 + rest.len()) as u32;
        frame[..4].copy_from_slice(&length.to_be_bytes());
        let mut channel = self
            .channel
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if channel
            .write_all(&frame)
            .and_then(|()| channel.write_all(rest))
            .is_err()
        {
            (self.leave)();
        }
    }
}

/// Head and meta of a frame; the length is filled in by `finish`.
pub fn begin(kind: u8, sequence: u32, meta: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEAD + meta.len() + 2048);
    frame.extend_from_slice(&[0; 4]);
    frame.push(kind);
    frame.extend_from_slice(&sequence.to_be_bytes());
    frame.extend_from_slice(&(meta.len() as u16).to_be_bytes());
    frame.extend_from_slice(meta);
    frame
}

/// Ends the process: what came is no frame, or the channel is broken.
pub fn refuse(error: &io::Error) -> ! {
    if error.kind() == io::ErrorKind::InvalidData {
        eprintln!("funade: the host sent no frame: {error}");
        system::exit_now(1);
    }
    system::exit_now(0)
}

pub fn garbage(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn channel() -> ManuallyDrop<File> {
    // SAFETY: `Reader::open` has found it open, and nothing ever closes it.
    ManuallyDrop::new(unsafe { File::from_raw_fd(CHANNEL) })
}
