//! The `callbox` executable: hands the command line to [`callbox::cli`] and its verdict to the shell.

use std::process::ExitCode;

fn main() -> ExitCode {
    callbox::cli::run()
}
