//! The process that does the work.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};

use funade_rt::fault::Fault;
use funade_rt::messages::LoadOrder;
use funade_rt::system;

/// Process id, 0 before the start.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Has to be called by a thread that lives as long as the shim: the bootstrap ends with it, even when the shim is killed.
pub fn start(order: &LoadOrder, variables: &[(String, String)]) -> Result<Child, Fault> {
    let program = Path::new(&order.directory).join("bootstrap");
    let invalid = |reason: String| {
        let message = format!("can't start {}: {reason}", program.display());
        Fault::new("Runtime.InvalidEntrypoint", message)
    };
    match program.metadata() {
        Ok(file) if file.is_file() && file.permissions().mode() & 0o111 != 0 => {}
        Ok(_) => return Err(invalid("it is no executable file".to_owned())),
        Err(error) => return Err(invalid(error.to_string())),
    }
    let mut command = Command::new(&program);
    command.current_dir(&order.directory);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    // SAFETY: one system call, nothing is allocated.
    unsafe { command.pre_exec(system::die_with_parent) };
    let child = command
        .spawn()
        .map_err(|error| invalid(error.to_string()))?;
    PROCESS.store(child.id(), Ordering::SeqCst);
    Ok(child)
}

/// The exit code, as shells tell it.
pub fn code_of(status: io::Result<ExitStatus>) -> i32 {
    match status {
        Ok(status) => status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
        Err(_) => 1,
    }
}

pub fn kill_and_leave(code: i32) -> ! {
    kill();
    system::exit_now(code)
}

/// The host is gone: nobody else ends what the bootstrap has started.
pub fn leave_with_all() -> ! {
    kill();
    system::kill_own_group();
    system::exit_now(0)
}

fn kill() {
    match PROCESS.load(Ordering::SeqCst) {
        0 => {}
        process => system::kill_process(process),
    }
}
