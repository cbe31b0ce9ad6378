import { execFileSync } from 'node:child_process';

/** Why functions in Rust, and bootstraps, can't be tested here: for the name of what is skipped. Null where they can. */
export const RUST_MISSING: string | null = isThere('rustc --version') ? null : 'skipped: there is no rustc here';

function isThere(command: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', `PATH="$PATH:$HOME/.cargo/bin" ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
