//! A server under test as a process: started on its own core, its CPU time and memory read from /proc, ended when
//! dropped. It knows no server by name.

use std::fs;
use std::io;
use std::ops::Sub;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The core the generator runs on, and the one each server gets for itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    /// Generator: clients, peers and this program.
    pub(crate) generator: usize,
    /// Server under test.
    pub(crate) server: usize,
}

impl Cores {
    /// The first and the last core this program may use; an error where there is only one.
    pub(crate) fn choose() -> Result<Cores> {
        let allowed = sched_getaffinity(Pid::from_raw(0))?;
        let mut cores = (0..CpuSet::count()).filter(|core| allowed.is_set(*core) == Ok(true));
        let generator = cores.next().context("this process may use no core at all")?;
        let server = cores.next_back().context("two cores are needed: one for the server, one for the generator")?;
        Ok(Cores { generator, server })
    }

    /// Pins this program, and what it starts from now on, to `core`.
    pub(crate) fn pin(core: usize) -> Result<()> {
        let mut only = CpuSet::new();
        only.set(core)?;
        Ok(sched_setaffinity(Pid::from_raw(0), &only)?)
    }
}

/// A running server process.
pub(crate) struct Process(Child);

impl Process {
    /// Starts `command` on the server's core. What it says goes to a file in `directory`, for when it does not come up.
    pub(crate) fn start(mut command: Command, cores: Cores, directory: &Path) -> Result<Process> {
        let log = fs::File::create(directory.join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // A child is born with its parent's affinity: so no code has to run between fork and exec.
        Cores::pin(cores.server)?;
        let child = command.spawn();
        Cores::pin(cores.generator)?;
        Ok(Process(child.with_context(|| format!("cannot start {:?}", command.get_program()))?))
    }

    /// False once it has ended by itself.
    pub(crate) fn alive(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// CPU time of all its threads since its start.
    pub(crate) fn cpu(&self) -> Result<Cpu> {
        cpu_of(self.id()).context("the server has died")
    }

    /// Resident memory in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// CPU time spent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    /// By the scheduler's account, in microseconds: exact, even for short runs.
    pub(crate) micros: f64,
    /// The part of it spent in user space, 0 to 1: sampled at clock ticks, so a rough figure.
    user_ticks: f64,
    all_ticks: f64,
}

impl Cpu {
    /// Microseconds in user space. The rest is the kernel's, with each packet's way over loopback into the receiver's
    /// socket: this kernel charges a soft interrupt to the process it interrupts.
    pub(crate) fn user(&self) -> f64 {
        self.micros * self.user_ticks / self.all_ticks.max(1.0)
    }
}

impl Sub for Cpu {
    type Output = Cpu;

    fn sub(self, earlier: Cpu) -> Cpu {
        Cpu {
            micros: self.micros - earlier.micros,
            user_ticks: self.user_ticks - earlier.user_ticks,
            all_ticks: self.all_ticks - earlier.all_ticks,
        }
    }
}

fn cpu_of(pid: u32) -> io::Result<Cpu> {
    let mut cpu = Cpu::default();
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let task = task?.path();
        cpu.micros += nth_number(&fs::read_to_string(task.join("schedstat"))?, 0) / 1000.0;
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // proc(5): utime and stime are fields 14 and 15; the name in field 2 may hold spaces and ends with the last ')'.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    cpu.user_ticks = nth_number(after_name, 11);
    cpu.all_ticks = cpu.user_ticks + nth_number(after_name, 12);
    Ok(cpu)
}

fn nth_number(text: &str, index: usize) -> f64 {
    text.split_whitespace().nth(index).and_then(|word| word.parse().ok()).unwrap_or(0.0)
}
