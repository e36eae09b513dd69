//! The process itself, under the names that every exporter uses, and which build it is.

use std::fmt;
use std::fs;

use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::{SysconfVar, sysconf};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::sheet::Sheet;
use crate::clock::Now;

/// Since when it serves.
#[derive(Debug)]
pub(super) struct Process {
    start: u64,
}

/// Which build it is.
#[derive(Debug)]
pub(super) struct Build;

impl Process {
    pub(super) fn begun_now() -> Process {
        Process { start: Now::read().unix.as_secs() }
    }
}

impl Collector for Process {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut sheet = Sheet(encoder);
        sheet.gauge("process_start_time_seconds", "When the process started, in unix time", self.start)?;
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // Less the one that the look itself needs.
            sheet.gauge("process_open_fds", "File descriptors that are open", open.count().saturating_sub(1))?;
        }
        if let Ok((most, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
            sheet.gauge("process_max_fds", "File descriptors that may be open", most)?;
        }
        if let Some(resident) = resident() {
            sheet.gauge("process_resident_memory_bytes", "Memory in use", resident)?;
        }
        match cpu_seconds() {
            Some(seconds) => sheet.counter("process_cpu_seconds", "Processor time used", seconds),
            None => Ok(()),
        }
    }
}

impl Collector for Build {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        Sheet(encoder).gauges("build_info", "1, with the version as its label", [(version, 1_u64)])
    }
}

/// The second figure of statm (proc(5)), in pages.
fn resident() -> Option<u64> {
    let pages: u64 = fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * unit(SysconfVar::PAGE_SIZE)?)
}

/// utime and stime of stat (proc(5)), in clock ticks. The program's name, the second field, may hold anything but its last
/// bracket.
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Some(ticks as f64 / unit(SysconfVar::CLK_TCK)? as f64)
}

fn unit(variable: SysconfVar) -> Option<u64> {
    sysconf(variable).ok()??.try_into().ok()
}
