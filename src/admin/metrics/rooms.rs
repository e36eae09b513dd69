//! Rooms, people, their sockets, and what they were refused.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::sheet::Sheet;
use crate::http::{Figures, Site};

/// Asks the switchboard, which takes the hub's lock for as long as counting the rooms takes.
#[derive(Debug)]
pub(super) struct Rooms(pub(super) Site);

impl Collector for Rooms {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut sheet = Sheet(encoder);
        let Figures { rooms, people, away, waiting, sockets, sockets_opened, tally } = self.0.figures();
        sheet.gauge("rooms", "Rooms that there are", rooms)?;
        let states = [("here", people - away), ("away", away), ("waiting", waiting)];
        let states = states.map(|(state, count)| ([("state", state)], count));
        sheet.gauges("people", "People with a seat, or who knock", states)?;
        sheet.gauge("websockets", "WebSockets that are open", sockets)?;
        sheet.counter("websockets_opened", "WebSockets that were opened", sockets_opened)?;
        sheet.counter("people_joined", "People who sat down", tally.joined)?;
        sheet.counter("people_left", "People who are gone for good", tally.left)?;
        let refused = tally.refused.iter().map(|(code, refused)| ([("code", *code)], refused.times));
        sheet.counters("refusals", "What pages were refused, by the code that they are told", refused)
    }
}
