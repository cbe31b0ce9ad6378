import { execFileSync } from 'node:child_process';

/** Whether functions in Rust can be tested here; CI has to have what they need. */
export function hasRust(): boolean {
  try {
    execFileSync('/bin/sh', ['-c', 'PATH="$PATH:$HOME/.cargo/bin" rustc --version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env['CI'] === 'true') throw new Error('CI needs rustc to test functions in Rust');
    return false;
  }
}
