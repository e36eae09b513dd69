//! What people on different servers have in common while nothing is broken.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::person::Person;
use crate::store::Redis;

#[tokio::test(flavor = "multi_thread")]
async fn people_on_two_servers_are_in_one_room() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = (redis.node(""), redis.node(""));
    let mut alice = Person::enters(&one).await;
    let mut bob = Person::enters(&other).await;
    assert_eq!(bob.peers(), [alice.id()]);
    assert_eq!((&alice.joined["host"], &bob.joined["host"]), (&json!(true), &json!(false)));
    let peer = alice.hears("peer-joined").await["peer"].clone();
    assert_eq!(peer["id"], bob.id());
    assert_ne!(peer["offerer"], bob.joined["peers"][0]["offerer"], "one of two makes the offers");
    let relays = bob.joined["ice_servers"].to_string();
    assert!(relays.contains("turn:relay.test:444?transport=udp"), "{relays}");

    alice.signals(&bob, "how are you").await;
    bob.is_told("how are you").await;
    bob.signals(&alice, "fine").await;
    alice.is_told("fine").await;

    bob.says(json!({ "type": "leave" })).await;
    bob.hears("left").await;
    assert_eq!(alice.hears("peer-left").await["id"], bob.id());
    let keys = redis.says(&["keys", "*"]).join(" ");
    assert!(keys.contains("callbox:"), "{keys}");
    assert!(!keys.contains("kitchen"), "Redis learns no names: {keys}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_leave_behind_in_redis_goes_when_it_is_good_for_nothing() {
    let Some(redis) = Redis::start() else { return };
    let node = redis.node("");
    let mut alice = Person::enters(&node).await;
    let mut bob = Person::enters(&node).await;
    bob.says(json!({ "type": "leave" })).await;
    bob.hears("left").await;
    revokes_an_invitation(&mut alice).await;
    // As by somebody who left, and an invitation that ended, hours ago.
    let (revoked, invitations, ends) = (redis.key("revoked"), redis.key("invitations"), redis.key("ends"));
    redis.says(&["zadd", &revoked, "1000", "long-gone"]);
    redis.says(&["hset", &invitations, "long-over", "1 1000"]);
    redis.says(&["zadd", &ends, "1000", "long-over"]);

    let mut carol = Person::enters(&node).await;
    carol.says(json!({ "type": "leave" })).await;
    carol.hears("left").await;
    revokes_an_invitation(&mut alice).await;
    for list in [["zrange", &revoked], ["hkeys", &invitations], ["zrange", &ends]] {
        let all: &[&str] = if list[0] == "zrange" { &["0", "-1"] } else { &[] };
        let is_tidy = |left: &[String]| left.len() == 2 && !left.iter().any(|entry| entry.starts_with("long-"));
        redis.says_in_time(&[&list, all].concat(), is_tidy);
    }
}

/// Makes one and takes it back.
async fn revokes_an_invitation(host: &mut Person) {
    host.says(json!({ "type": "invite", "role": "guest", "seconds": 600 })).await;
    let invitation = host.hears("invited").await["invitation"].clone();
    host.says(json!({ "type": "revoke", "invitation": invitation })).await;
    host.hears("revoked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_takes_as_many_as_it_may_from_all_servers_at_once() {
    let Some(redis) = Redis::start() else { return };
    let nodes = [redis.node("max_people = 5"), redis.node("max_people = 5"), redis.node("max_people = 5")];
    // So that each node has its lease before the rush.
    let mut first = Person::enters(&nodes[0]).await;
    for node in &nodes[1..] {
        let mut early = Person::enters(node).await;
        early.says(json!({ "type": "leave" })).await;
        early.hears("left").await;
    }
    first.says(json!({ "type": "leave" })).await;
    first.hears("left").await;
    let mut people = Vec::new();
    for number in 0..18 {
        people.push(Person::opens(&nodes[number % 3]).await);
    }
    let answers = join_all(people.iter_mut().map(|person| person.asks_to_join(None))).await;
    let count = |kind: &str| answers.iter().filter(|answer| answer["type"] == kind).count();
    assert_eq!((count("joined"), count("full")), (5, 13), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_holds_as_many_rooms_as_all_may_together() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = (redis.node("max_rooms = 1"), redis.node("max_rooms = 1"));
    let mut alice = Person::enters(&one).await;
    let mut bob = Person::enters(&other).await;
    bob.says(json!({ "type": "join", "room": "cellar", "name": "Bob", "instance": "first" })).await;
    assert_eq!(bob.hears("error").await["code"], "too-many-rooms");
    assert_eq!(alice.hears("peer-joined").await["peer"]["id"], bob.id());
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_decide_for_people_on_every_server() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = (redis.node(""), redis.node(""));
    let mut alice = Person::enters(&one).await;
    let mut bob = Person::enters(&other).await;
    bob.says(json!({ "type": "set-door", "locked": true })).await;
    assert_eq!(bob.hears("error").await["code"], "not-host");

    alice.says(json!({ "type": "set-door", "locked": true })).await;
    assert_eq!(bob.hears("door").await["door"]["locked"], true);
    let mut carol = Person::opens(&other).await;
    assert_eq!(carol.asks_to_join(None).await["code"], "locked");
    alice.says(json!({ "type": "set-door", "locked": false, "password": "open sesame" })).await;
    alice.hears("door").await;
    assert_eq!(carol.asks_to_join(None).await["code"], "password-needed");

    alice.says(json!({ "type": "remove", "id": bob.id() })).await;
    assert_eq!(bob.hears("error").await["code"], "removed");
    // Not back by the other server either, but by knocking.
    let mut again = Person::opens(&one).await;
    assert_eq!(again.asks_to_join(Some(&bob.seat())).await["type"], "waiting");
    alice.hears("knock").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_later_knows_whom_hosts_sent_out_of_rooms_that_are_no_more() {
    let Some(redis) = Redis::start() else { return };
    let node = redis.node("");
    let mut alice = Person::enters(&node).await;
    let mut bob = Person::enters(&node).await;
    alice.says(json!({ "type": "remove", "id": bob.id() })).await;
    assert_eq!(bob.hears("error").await["code"], "removed");
    alice.says(json!({ "type": "leave" })).await;
    alice.hears("left").await;
    redis.says_in_time(&["zcard", &redis.key("bans")], |count| count == ["1"]);

    let later = redis.node("");
    let mut carol = Person::enters(&later).await;
    carol.says(json!({ "type": "set-door", "locked": true })).await;
    carol.hears("door").await;
    let mut again = Person::opens(&later).await;
    assert_eq!(again.asks_to_join(Some(&bob.seat())).await["code"], "locked");
    let mut back = Person::opens(&later).await;
    assert_eq!(back.asks_to_join(Some(&alice.seat())).await["type"], "joined");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_is_the_same_on_every_server_and_what_was_said_meanwhile_waits() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = (redis.node(""), redis.node(""));
    let mut alice = Person::enters(&one).await;
    let bob = Person::enters(&other).await;
    let (id, seat) = (bob.id(), bob.seat());
    drop(bob);
    assert_eq!(alice.hears("peer-away").await["id"], id);
    alice.says(json!({ "type": "signal", "to": id, "payload": "are you there" })).await;
    alice.says(json!({ "type": "ping" })).await;
    alice.hears("pong").await;
    let mut bob = Person::opens(&one).await;
    assert_eq!(bob.asks_to_join(Some(&seat)).await["you"], id);
    bob.is_told("are you there").await;
    assert_eq!(alice.hears("peer-back").await["peer"]["id"], id);
}

/// `cargo nextest run --test cluster how_long --no-capture` shows the figures; they are nobody's failure.
#[tokio::test(flavor = "multi_thread")]
async fn how_long_a_word_takes_to_the_same_server_and_to_another() {
    let Some(redis) = Redis::start() else { return };
    let (one, other, third) = (redis.node(""), redis.node(""), redis.node(""));
    let mut alice = Person::enters(&one).await;
    let mut neighbour = Person::enters(&one).await;
    let mut bob = Person::enters(&other).await;
    let mut carol = Person::enters(&third).await;
    let own = times(&mut alice, &mut neighbour).await;
    let across = times(&mut alice, &mut bob).await;
    let twice = times(&mut bob, &mut carol).await;
    for (what, [median, p99]) in [("one server", own), ("to another", across), ("between two others", twice)] {
        eprintln!("delivery, {what}: median {median:?}, p99 {p99:?}");
    }
}

/// Median and 99th percentile of 200 words, one after the other.
async fn times(from: &mut Person, to: &mut Person) -> [Duration; 2] {
    let mut times = Vec::new();
    for number in 0..200 {
        let begun = Instant::now();
        from.signals(to, &format!("word {number}")).await;
        to.is_told(&format!("word {number}")).await;
        times.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    times.sort();
    [times[100], times[198]]
}

#[tokio::test]
async fn who_comes_and_goes_without_end_does_not_fill_the_memory_of_redis() {
    let Some(redis) = Redis::start() else { return };
    let node = redis.node("");
    let _alice = Person::enters(&node).await;
    let leaves = async || {
        let mut bob = Person::enters(&node).await;
        bob.says(json!({ "type": "leave" })).await;
        bob.hears("left").await;
    };
    leaves().await;
    // As many as a stranger with a thousand addresses, all within the time for which it matters.
    let revoked = redis.key("revoked");
    let crowd = "for i = 1, 60000 do redis.call('zadd', KEYS[1], 9000000000 + i, 'crowd-' .. i) end";
    redis.says(&["eval", crowd, "1", &revoked]);
    leaves().await;
    redis.says_in_time(&["zcard", &revoked], |count| count == ["50000"]);
}
