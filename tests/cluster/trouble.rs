//! What people notice when a server, the store or the way to it is lost.

use serde_json::json;

use crate::person::Person;
use crate::store::{Redis, Way, node_at};

/// Everybody but `person` who is there is among `others`, told by a `joined` that nobody asked for.
async fn sits_down_again(person: &mut Person, others: &[&Person]) {
    loop {
        person.hears("joined").await;
        let mut peers = person.peers();
        peers.retain(|peer| others.iter().any(|other| other.id() == *peer));
        if peers.len() == others.len() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_survives_the_server_that_kept_its_room_and_so_does_its_lock() {
    let Some(redis) = Redis::start() else { return };
    let (one, other, third) = (redis.node(""), redis.node(""), redis.node(""));
    let mut alice = Person::enters(&one).await;
    let (mut bob, mut carol) = (Person::enters(&other).await, Person::enters(&third).await);
    alice.says(json!({ "type": "set-door", "locked": true })).await;
    carol.hears("door").await;
    one.signal("KILL");

    bob.hears("joined").await;
    carol.hears("joined").await;
    bob.signals(&carol, "still here").await;
    carol.is_told("still here").await;
    let mut stranger = Person::opens(&third).await;
    assert_eq!(stranger.asks_to_join(None).await["code"], "locked");
    let (id, seat) = (alice.id(), alice.seat());
    let mut alice = Person::opens(&other).await;
    assert_eq!(alice.asks_to_join(Some(&seat)).await["you"], id);
    assert_eq!(alice.peers().len(), 2);
    carol.signals(&alice, "welcome back").await;
    alice.is_told("welcome back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_a_server_that_is_lost_are_shown_as_gone() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = (redis.node(""), redis.node(""));
    let (mut alice, bob) = (Person::enters(&one).await, Person::enters(&other).await);
    other.signal("KILL");
    assert_eq!(alice.hears("peer-away").await["id"], bob.id());
    let mut again = Person::opens(&one).await;
    assert_eq!(again.asks_to_join(Some(&bob.seat())).await["you"], bob.id());
    assert_eq!(alice.hears("peer-back").await["peer"]["id"], bob.id());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_cut_off_lets_nobody_new_in_and_its_people_come_back_with_it() {
    let Some(redis) = Redis::start() else { return };
    let way = Way::to(redis.address).await;
    let (one, cut_off) = (redis.node(""), node_at(way.address, ""));
    let (mut alice, mut bob) = (Person::enters(&one).await, Person::enters(&cut_off).await);
    way.cut(true);
    assert_eq!(alice.hears("peer-away").await["id"], bob.id());
    let mut stranger = Person::opens(&cut_off).await;
    let answer = stranger.asks_to_join(None).await;
    assert_eq!(answer["code"], "apart");
    assert!(answer["message"].as_str().unwrap().contains("try again"), "{answer}");
    way.cut(false);
    assert_eq!(alice.hears("peer-back").await["peer"]["id"], bob.id());
    sits_down_again(&mut bob, &[&alice]).await;
    alice.signals(&bob, "there you are").await;
    bob.is_told("there you are").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_room_of_a_server_that_is_cut_off_goes_on_elsewhere_and_takes_its_people_back() {
    let Some(redis) = Redis::start() else { return };
    let way = Way::to(redis.address).await;
    let (keeper, one) = (node_at(way.address, ""), redis.node(""));
    let (mut alice, mut bob) = (Person::enters(&keeper).await, Person::enters(&one).await);
    let mut carol = Person::enters(&keeper).await;
    way.cut(true);
    // Bob is alone, and lets somebody in.
    bob.hears("joined").await;
    assert!(bob.peers().is_empty());
    let mut dave = Person::enters(&one).await;
    // The two on the other side go on with each other.
    alice.signals(&carol, "where is bob").await;
    carol.is_told("where is bob").await;
    way.cut(false);
    sits_down_again(&mut alice, &[&bob, &dave]).await;
    sits_down_again(&mut carol, &[&alice, &bob, &dave]).await;
    dave.signals(&carol, "here").await;
    carol.is_told("here").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_restarts_and_forgets_everything_costs_nobody_their_call() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = (redis.node(""), redis.node(""));
    let (mut alice, mut bob) = (Person::enters(&one).await, Person::enters(&other).await);
    let redis = redis.down();
    let mut stranger = Person::opens(&one).await;
    while stranger.asks_to_join(None).await["type"] == "joined" {
        stranger.says(json!({ "type": "leave" })).await;
        stranger.hears("left").await;
    }
    let redis = redis.up();
    sits_down_again(&mut bob, &[&alice]).await;
    bob.signals(&alice, "again").await;
    alice.is_told("again").await;
    let carol = Person::enters(&other).await;
    assert_eq!(carol.peers().len(), 2);
    drop(redis);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_without_the_store_and_says_so_until_it_is_there() {
    let Some(redis) = Redis::planned() else { return };
    let mut node = redis.node("");
    let log = node.wait_for_log("cannot be reached").to_owned();
    assert!(!log.contains("hush"), "no password in a log: {log}");
    let mut alice = Person::opens(&node).await;
    assert_eq!(alice.asks_to_join(None).await["code"], "apart");
    let redis = redis.up();
    Person::enters(&node).await;
    assert!(!node.wait_for_log("store is reached").contains("hush"));
    drop(redis);
}
