//! Who is let in, and what everybody else learns.

use std::time::Duration;

use super::world::{Heard, Person, UDP, World};
use crate::pass::{Secret, TurnPasses};
use crate::stun::{Class, Method, PasswordAlgorithm, Writer, attribute};
use crate::turn::Dropped;

const ALICE: &str = "192.0.2.10:4000";

fn allocate(world: &mut World, person: &Person) -> u16 {
    world.ask(person, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP)).code()
}

#[test]
fn a_stranger_is_asked_who_it_is_and_leaves_no_trace() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    let mut request = Vec::new();
    Writer::new(&mut request, Class::Request, Method::Allocate, [9; 12])
        .put(attribute::REQUESTED_TRANSPORT, UDP)
        .finish();
    let challenge = world.tell(&alice, &request).answer();
    assert_eq!(challenge.code(), 401);
    assert_eq!(challenge.text(attribute::REALM).as_deref(), Some("callbox"));
    assert!(!challenge.message().has_integrity());
    assert_eq!((world.sessions(), world.rules.allocations()), (0, 0));
    assert!(challenge.0.len() <= 100, "{} bytes to whoever's address the request bore", challenge.0.len());
}

#[test]
fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let mut world = World::new();
    let mut alice = world.arrives("alice", ALICE);
    alice.password = "a guess".into();
    let request = world.request(&alice, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    let wrong = world.tell(&alice, &request).answer();
    let mallory = Person { username: "mallory".into(), ..alice.clone() };
    let mut unknown =
        world.request(&mallory, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    let unknown_answer = world.tell(&mallory, &unknown).answer();
    assert_eq!((wrong.code(), unknown_answer.code()), (401, 401));
    // Apart from the transaction id, which the client chose
    unknown = [&wrong.0[..8], &wrong.0[20..]].concat();
    assert_eq!([&unknown_answer.0[..8], &unknown_answer.0[20..]].concat(), unknown);
}

#[test]
fn a_nonce_lasts_an_hour_and_only_where_it_was_fetched() {
    let mut world = World::new();
    let mut alice = world.arrives("alice", ALICE);
    let elsewhere = Person { address: "192.0.2.10:4001".parse().expect("address"), ..alice.clone() };
    assert_eq!(allocate(&mut world, &elsewhere), 438);
    world.minutes_pass(60);
    let stale = world.ask(&alice, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    assert_eq!(stale.code(), 438);
    alice.nonce = stale.text(attribute::NONCE).expect("a fresh nonce comes along");
    assert_eq!(allocate(&mut world, &alice), 0);
}

#[test]
fn a_made_up_nonce_is_stale() {
    let mut world = World::new();
    let mut alice = world.arrives("alice", ALICE);
    for nonce in ["", "obMatJos2", "obMatJos2gAAA", "x", &alice.nonce.clone()[..28], &format!("{}A", alice.nonce)] {
        alice.nonce = nonce.into();
        assert_eq!(allocate(&mut world, &alice), 438, "{nonce:?}");
    }
}

#[test]
fn short_lived_credentials_work_until_they_end_for_refreshes_too() {
    let mut world = World::new();
    let issued = TurnPasses::new(vec![Secret::new("north")], Default::default())
        .issue("p1", Duration::from_secs(1200), world.now)
        .expect("issued");
    let mut guest = world.arrives("guest", ALICE);
    guest.username = issued.username;
    guest.password = issued.password.expose().into();
    assert_eq!(allocate(&mut world, &guest), 0);
    world.minutes_pass(9);
    assert_eq!(world.refresh(&guest, 3600).code(), 0);
    world.minutes_pass(11);
    assert_eq!(world.refresh(&guest, 3600).code(), 401);
    assert_eq!(world.permit(&guest, super::world::peer()).code(), 401);
}

#[test]
fn whoever_is_revoked_is_refused_everything_until_taken_back_or_forgotten() {
    let mut world = World::new();
    let mut guest = world.arrives("guest", ALICE);
    let passes = TurnPasses::new(vec![Secret::new("north")], Default::default());
    let issued = passes.issue("p1", Duration::from_secs(3600), world.now).expect("issued");
    (guest.username, guest.password) = (issued.username, issued.password.expose().into());
    assert_eq!(allocate(&mut world, &guest), 0);
    assert_eq!(world.session(&guest).holder(), Some("p1"));
    let until = world.now.unix + Duration::from_secs(1800);
    world.rules.revoke("p1", until, world.now);
    world.rules.revoke("alice", until, world.now);
    let refused = [world.refresh(&guest, 600).code(), world.permit(&guest, super::world::peer()).code()];
    assert_eq!(refused, [401, 401]);
    let alice = world.arrives("alice", "192.0.2.11:1");
    assert_eq!(allocate(&mut world, &alice), 0, "a static user's name is nobody's id");
    world.rules.admit("p1", "kitchen");
    assert_eq!(world.refresh(&guest, 3600).code(), 0);
    world.rules.revoke("p1", until, world.now);
    world.minutes_pass(30);
    assert_eq!(world.refresh(&guest, 3600).code(), 0);
}

#[test]
fn another_users_proof_does_not_steer_an_allocation() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    let bob = Person { username: "bob".into(), password: "bob's password".into(), ..alice.clone() };
    assert_eq!(world.refresh(&bob, 0).code(), 441);
    assert_eq!(world.permit(&bob, super::world::peer()).code(), 441);
    assert_eq!(world.sessions(), 1);
}

#[test]
fn sha256_signs_both_ways_with_either_kind_of_key() {
    for algorithm in [PasswordAlgorithm::Md5, PasswordAlgorithm::Sha256] {
        let mut world = World::new();
        let mut alice = world.arrives("alice", ALICE);
        (alice.algorithm, alice.sha256) = (Some(algorithm), true);
        let answer = world.ask(&alice, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
        assert_eq!(answer.code(), 0);
        assert!(answer.message().has_integrity_sha256() && answer.message().proves(&alice.key()));
    }
}

#[test]
fn a_stronger_algorithm_cannot_be_talked_away() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    let offers: [&[(u16, &[u8])]; 4] = [
        &[(attribute::PASSWORD_ALGORITHMS, &[0, 1, 0, 0]), (attribute::PASSWORD_ALGORITHM, &[0, 1, 0, 0])],
        &[(attribute::PASSWORD_ALGORITHMS, &[0, 2, 0, 0, 0, 1, 0, 0])],
        &[(attribute::PASSWORD_ALGORITHM, &[0, 1, 0, 0])],
        &[(attribute::PASSWORD_ALGORITHMS, &[0, 2, 0, 0, 0, 1, 0, 0]), (attribute::PASSWORD_ALGORITHM, &[0, 3, 0, 0])],
    ];
    for offer in offers {
        let answer = world.ask(&alice, Method::Allocate, |writer| {
            let writer = writer.put(attribute::REQUESTED_TRANSPORT, UDP);
            offer.iter().fold(writer, |writer, (kind, value)| writer.put(*kind, value))
        });
        assert_eq!(answer.code(), 400, "{offer:?}");
    }
}

#[test]
fn a_user_can_hide_behind_a_hash_of_the_name() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"alice:callbox");
    let mut allocate = |hash: &[u8]| {
        let mut request = Vec::new();
        Writer::new(&mut request, Class::Request, Method::Allocate, [5; 12])
            .put(attribute::REQUESTED_TRANSPORT, UDP)
            .put(attribute::USERHASH, hash)
            .put(attribute::REALM, b"callbox")
            .put(attribute::NONCE, alice.nonce.as_bytes())
            .sign_sha1(&alice.key())
            .finish();
        world.tell(&alice, &request).answer().code()
    };
    assert_eq!((allocate(&[0; 32]), allocate(&[]), allocate(hash.as_ref())), (401, 401, 0));
    assert_eq!(world.session(&alice).username(), Some("alice"));
}

#[test]
fn hiding_the_name_is_offered_only_where_every_name_is_known() {
    let mut with_secrets = World::new();
    assert!(with_secrets.arrives("alice", ALICE).nonce.starts_with("obMatJos2gAAA"));
    let users = [("alice".to_owned(), Secret::new("wonder"))];
    let mut static_only = World::with(|options| options.passes = TurnPasses::new(vec![], users.into()));
    assert!(static_only.arrives("alice", ALICE).nonce.starts_with("obMatJos2wAAA"));
}

#[test]
fn what_follows_the_signature_is_not_read() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    let mut request = Vec::new();
    let writer = Writer::new(&mut request, Class::Request, Method::CreatePermission, [6; 12])
        .put_xor_address(attribute::XOR_PEER_ADDRESS, super::world::peer());
    // An attacker on the path appends a peer: the signature still fits
    let smuggled = "9.9.9.9:9".parse().expect("address");
    alice.sign(writer).put_xor_address(attribute::XOR_PEER_ADDRESS, smuggled).finish();
    assert_eq!(world.tell(&alice, &request).answer().code(), 0);
    assert_eq!(world.send(&alice, smuggled, b"hi"), Heard::Nothing(Dropped::NoPermission));
}

#[test]
fn attributes_that_must_be_understood_are_listed_when_they_are_not() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    let answer = world.ask(&alice, Method::Allocate, |writer| {
        writer.put(attribute::REQUESTED_TRANSPORT, UDP).put(0x7FF0, &[1]).put(0xC000, &[1]).put(0x0024, &[0; 4])
    });
    assert_eq!(answer.code(), 420);
    assert_eq!(answer.message().get(attribute::UNKNOWN_ATTRIBUTES), Some(&[0x7F, 0xF0, 0x00, 0x24][..]));
}

#[test]
fn a_changed_or_cut_request_is_no_request() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    let request = world.request(&alice, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    for cut in 0..request.len() {
        assert_eq!(world.tell(&alice, &request[..cut]), Heard::Nothing(Dropped::Malformed), "{cut} bytes");
    }
    assert_eq!(world.tell(&alice, &[&request[..], b"more"].concat()), Heard::Nothing(Dropped::Malformed));
}

#[test]
fn a_name_and_a_password_are_the_same_however_their_letters_were_typed() {
    // As a file may have them: letters and accents apart, a space that is not U+0020.
    let users = [("jose\u{301}".to_owned(), Secret::new("u\u{308}ber\u{a0}den Wolken"))];
    let mut world = World::with(|options| options.passes = TurnPasses::new(Vec::new(), users.into()));
    let mut jose = world.arrives("josé", "192.0.2.10:4000");
    jose.password = "über den Wolken".into();
    assert_eq!(world.ask(&jose, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP)).code(), 0);
    jose.password = "uber den Wolken".into();
    assert_eq!(world.refresh(&jose, 600).code(), 401);
}
