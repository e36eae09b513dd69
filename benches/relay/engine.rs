//! Drives flows: as fast as the server can take packets without losing them, or at a fixed pace to time them.

use std::io;
use std::time::{Duration, Instant};

use crate::flows::Flow;

/// Packets missing for so long count as lost: far beyond any queue on one machine.
const GIVE_UP: Duration = Duration::from_millis(20);

/// How a saturating load comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Packets one flow sends before the next flow's turn.
    pub(crate) burst: usize,
    /// Packets under way at most, over all flows: enough that the server always finds work, few enough that its socket
    /// buffer holds them all, so that a loss is the server's doing.
    pub(crate) window: usize,
}

/// What came of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Packets given to sockets.
    pub(crate) sent: u64,
    /// Packets that reached their sink.
    pub(crate) received: u64,
    /// Packets written off.
    pub(crate) lost: u64,
}

/// Flows at work and what has come of them.
pub(crate) struct Engine {
    flows: Vec<Flow>,
    next: usize,
    tally: Tally,
    epoch: Instant,
}

impl Engine {
    /// Nothing is sent yet.
    pub(crate) fn new(flows: Vec<Flow>) -> Engine {
        Engine { flows, next: 0, tally: Tally::default(), epoch: Instant::now() }
    }

    /// Keeps the server busy for `duration`.
    pub(crate) fn saturate(&mut self, shape: Shape, duration: Duration) -> io::Result<Tally> {
        self.tally = Tally::default();
        let end = Instant::now() + duration;
        let mut heard = Instant::now();
        while heard < end {
            self.fill(shape)?;
            if self.drain(&mut |_| {})? > 0 {
                heard = Instant::now();
            } else if heard.elapsed() > GIVE_UP {
                self.write_off();
                heard = Instant::now();
            }
        }
        Ok(self.tally)
    }

    /// Sends `rate` packets a second for `duration`, evenly, and adds how long each one took, in nanoseconds.
    pub(crate) fn pace(&mut self, rate: u32, duration: Duration, latencies: &mut Vec<u64>) -> io::Result<Tally> {
        self.pace_and(rate, duration, latencies, &mut || Ok(()))
    }

    /// The same with something else to do between two packets, which must be short.
    pub(crate) fn pace_and(
        &mut self,
        rate: u32,
        duration: Duration,
        latencies: &mut Vec<u64>,
        meanwhile: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<Tally> {
        self.tally = Tally::default();
        let interval = Duration::from_secs(1) / rate;
        let epoch = self.epoch;
        let mut due = Instant::now();
        let end = due + duration;
        while due < end {
            if Instant::now() >= due {
                self.send(1)?;
                due += interval;
            }
            self.drain(&mut |stamp| latencies.push(nanos(epoch) - stamp))?;
            meanwhile()?;
        }
        self.settle(&mut |stamp| latencies.push(nanos(epoch) - stamp))?;
        Ok(self.tally)
    }

    fn fill(&mut self, shape: Shape) -> io::Result<()> {
        while self.outstanding() + shape.burst <= shape.window {
            if self.send(shape.burst)? == 0 {
                break;
            }
        }
        Ok(())
    }

    fn send(&mut self, burst: usize) -> io::Result<usize> {
        let stamp = nanos(self.epoch);
        let turn = self.next;
        self.next = (turn + 1) % self.flows.len();
        let flow = &mut self.flows[turn];
        let sent = flow.source.send(burst, stamp)?;
        flow.outstanding += sent;
        self.tally.sent += sent as u64;
        Ok(sent)
    }

    /// Looks only where packets are missing: an empty look costs a system call.
    fn drain(&mut self, seen: &mut dyn FnMut(u64)) -> io::Result<usize> {
        let mut received = 0;
        for flow in self.flows.iter_mut().filter(|flow| flow.outstanding > 0) {
            let packets = flow.sink.drain(seen)?;
            flow.outstanding = flow.outstanding.saturating_sub(packets);
            received += packets;
        }
        self.tally.received += received as u64;
        Ok(received)
    }

    fn settle(&mut self, seen: &mut dyn FnMut(u64)) -> io::Result<()> {
        let mut heard = Instant::now();
        while self.outstanding() > 0 && heard.elapsed() < GIVE_UP {
            if self.drain(seen)? > 0 {
                heard = Instant::now();
            }
        }
        self.write_off();
        Ok(())
    }

    fn write_off(&mut self) {
        for flow in &mut self.flows {
            self.tally.lost += flow.outstanding as u64;
            flow.outstanding = 0;
        }
    }

    fn outstanding(&self) -> usize {
        self.flows.iter().map(|flow| flow.outstanding).sum()
    }
}

fn nanos(epoch: Instant) -> u64 {
    epoch.elapsed().as_nanos() as u64
}
