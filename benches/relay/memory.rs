//! What an idle allocation costs a server in resident memory. Memory of the kernel (sockets) is not in it.

use std::net::SocketAddr;

use anyhow::Result;

use crate::client::Client;
use crate::servers::Running;
use crate::udp::Port;

/// Allocations held at once.
const ALLOCATIONS: usize = 2000;

/// Allocations made before the first look, so that what a server allots once is not counted.
const FIRST: usize = 50;

/// Bytes of resident memory for each allocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PerAllocation {
    /// Just allocated.
    pub(crate) allocated: f64,
    /// With one channel bound, which includes a permission.
    pub(crate) bound: f64,
}

/// Makes allocations on `server` and watches it grow.
pub(crate) fn measure(server: &Running) -> Result<PerAllocation> {
    let _first = allocate(server, FIRST)?;
    let before = server.process.resident()?;
    let mut clients = allocate(server, ALLOCATIONS)?;
    let allocated = server.process.resident()?;
    for (client, number) in clients.iter_mut().zip(0..) {
        client.bind(nobody(number))?;
    }
    let bound = server.process.resident()?;
    let each = |after: u64| after.saturating_sub(before) as f64 / ALLOCATIONS as f64;
    Ok(PerAllocation { allocated: each(allocated), bound: each(bound) })
}

fn allocate(server: &Running, count: usize) -> Result<Vec<Client<Port>>> {
    (0..count).map(|_| Client::allocate(Port::connected(server.udp)?)).collect()
}

/// A peer of its own for each client, since some servers tell clients apart by their peers. Nothing is sent to it.
fn nobody(number: u16) -> SocketAddr {
    let [high, low] = number.to_be_bytes();
    SocketAddr::from(([127, 9, high, low], 9))
}
