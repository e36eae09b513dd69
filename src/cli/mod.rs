//! (to come)

use std::process::ExitCode;

/// (to come)
pub fn run() -> ExitCode {
    ExitCode::FAILURE
}
