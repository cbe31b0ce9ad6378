//! The few calls of the C library that the standard library does not offer.

use std::io;
use std::os::fd::RawFd;

extern "C" {
    fn fcntl(fd: i32, command: i32, ...) -> i32;
    fn poll(watched: *mut Watched, count: PollCount, timeout: i32) -> i32;
    fn _exit(code: i32) -> !;
    fn kill(process: i32, signal: i32) -> i32;
    fn getpgrp() -> i32;
    #[cfg(target_os = "linux")]
    fn prctl(option: i32, ...) -> i32;
}

#[cfg(target_os = "linux")]
type PollCount = std::ffi::c_ulong;
#[cfg(not(target_os = "linux"))]
type PollCount = std::ffi::c_uint;

const F_SETFD: i32 = 2;
const FD_CLOEXEC: i32 = 1;
const SIGKILL: i32 = 9;

pub const READABLE: i16 = 1;
pub const WRITABLE: i16 = 4;
/// The peer has closed or ended its side. Other systems than Linux tell only the former.
pub const HANGUP: i16 = if cfg!(target_os = "linux") { 0x2000 } else { 0 };
/// POLLERR, POLLHUP and POLLNVAL, which are told unasked.
const GONE: i16 = 8 | 16 | 32;

/// Programs that this one starts do not get `fd`.
pub fn close_on_exec(fd: RawFd) -> io::Result<()> {
    // SAFETY: takes no pointers; a wrong descriptor is answered with EBADF.
    if unsafe { fcntl(fd, F_SETFD, FD_CLOEXEC) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// A descriptor and what is waited for: `READABLE`, `WRITABLE`, `HANGUP`. With none of them it is left alone.
#[repr(C)]
pub struct Watched {
    fd: i32,
    wanted: i16,
    seen: i16,
}

impl Watched {
    pub fn new(fd: RawFd, wanted: i16) -> Watched {
        let fd = if wanted == 0 { -1 } else { fd };
        let seen = 0;
        Watched { fd, wanted, seen }
    }

    pub fn is_readable(&self) -> bool {
        self.seen & READABLE != 0
    }

    pub fn has_hung_up(&self) -> bool {
        self.seen & (HANGUP | GONE) != 0
    }

    /// Whether anything has happened, hanging up included.
    pub fn is_seen(&self) -> bool {
        self.seen != 0
    }
}

/// Waits for any of the descriptors, at most `timeout` milliseconds; -1 is forever.
pub fn wait_for(watched: &mut [Watched], timeout: i32) {
    // SAFETY: the pointer and the number are those of the slice, which outlives the call.
    let count = unsafe { poll(watched.as_mut_ptr(), watched.len() as PollCount, timeout) };
    if count <= 0 {
        watched.iter_mut().for_each(|watched| watched.seen = 0);
    }
}

/// Ends the process now, without what other threads may hold locks of.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: never returns.
    unsafe { _exit(code) }
}

pub fn kill_process(process: u32) {
    // SAFETY: takes no pointers; a process that is gone is answered with ESRCH.
    unsafe { kill(process as i32, SIGKILL) };
}

/// Kills all of the group that this process leads, itself included. Returns when it leads none.
pub fn kill_own_group() {
    // SAFETY: takes no pointers.
    unsafe {
        if getpgrp() == std::process::id() as i32 {
            kill(0, SIGKILL);
        }
    }
}

/// The calling process ends when the thread that started it does. For use between fork and exec.
pub fn die_with_parent() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        const PR_SET_PDEATHSIG: i32 = 1;
        // SAFETY: takes a number; safe between fork and exec.
        if unsafe { prctl(PR_SET_PDEATHSIG, SIGKILL as std::ffi::c_ulong) } == -1 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
