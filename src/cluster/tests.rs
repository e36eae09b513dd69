//! Conversations with one node, where the simulated cluster would need luck to come by.

use std::time::Duration;

use super::*;
use crate::clock::Now;
use crate::hub::{Command, DoorChange, Hub, Invitations, Join, Network, Options, Request, SocketId};
use crate::invitation::InvitationKey;
use crate::pass::SeatKey;

const ALICE: SocketId = SocketId(1);

/// A node, and what it wants done.
struct Alone {
    node: Node,
    now: Now,
    outputs: Vec<Output>,
}

impl Alone {
    /// Its lease is good.
    fn new() -> Alone {
        let invitations = Invitations::new(InvitationKey::new(&[4; 32], Vec::new()), "");
        let node = Node::new(Hub::new(Options::default(), SeatKey::new(&[3; 32]), invitations));
        let mut alone = Alone { node, now: Now::read(), outputs: Vec::new() };
        alone.hears(Input::Up);
        alone.beats(true);
        alone
    }

    fn hears(&mut self, input: Input) {
        self.node.handle(input, self.now, &mut self.outputs);
    }

    fn beats(&mut self, kept: bool) {
        self.hears(Input::Beat { asked: Duration::ZERO, kept, alive: vec![NodeId(1)] });
    }

    /// Alice opens the kitchen, which is kept here.
    fn seats_alice(&mut self) {
        self.hears(Input::Here(Event::Opened { socket: ALICE, network: Network(1), counted: true }));
        let join = Join {
            room: "kitchen".to_owned(),
            name: "Alice".to_owned(),
            instance: "first".to_owned(),
            seat: None,
            invitation: None,
            password: None,
            fresh: PersonId("alice".into()),
        };
        self.hears(Input::Here(Event::Asked(ALICE, Request::Join(join))));
        self.hears(Input::Claimed(kitchen(), Claim::Ours(None)));
        assert!(self.node.person(ALICE).is_some());
    }

    /// How many doors were put down since it was asked last.
    fn doors(&mut self) -> usize {
        let all = std::mem::take(&mut self.outputs);
        all.iter().filter(|output| matches!(output, Output::Order(Order::PutDoor(..)))).count()
    }
}

fn kitchen() -> RoomName {
    RoomName::new("kitchen").unwrap()
}

#[test]
fn a_door_that_may_be_somebody_elses_is_not_put_down() {
    let mut node = Alone::new();
    node.seats_alice();
    node.doors();
    let locked = DoorChange { locked: Some(true), ..DoorChange::default() };
    let lock = Input::Here(Event::Asked(ALICE, Request::Host(Command::SetDoor(locked))));
    // The lease ran out: another node may keep the kitchen, with a door of its own.
    node.beats(false);
    node.hears(lock.clone());
    node.hears(Input::Down);
    node.hears(Input::Up);
    node.beats(true);
    assert_eq!(node.doors(), 0);
    node.hears(Input::Claimed(kitchen(), Claim::Ours(None)));
    assert_eq!(node.doors(), 1, "it is ours after all");
}
