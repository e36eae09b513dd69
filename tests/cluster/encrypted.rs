//! A Redis that speaks TLS alone.

use crate::person::Person;
use crate::store::{Redis, node_by};

#[tokio::test(flavor = "multi_thread")]
async fn people_meet_by_a_store_that_speaks_tls_with_an_authority_of_ones_own() {
    let Some(redis) = Redis::encrypted() else { return };
    let store = format!("redis = \"rediss://:hush@{}\"\nca_file = \"{}\"", redis.address, redis.authority());
    let (one, other) = (node_by(&store, ""), node_by(&store, ""));
    let (mut alice, mut bob) = (Person::enters(&one).await, Person::enters(&other).await);
    assert_eq!(bob.peers(), [alice.id()]);
    alice.signals(&bob, "sealed twice").await;
    bob.is_told("sealed twice").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_certificate_nobody_vouches_for_is_not_believed() {
    let Some(redis) = Redis::encrypted() else { return };
    let mut node = node_by(&format!("redis = \"rediss://:hush@{}\"", redis.address), "");
    node.wait_for_log("UnknownIssuer");
    let mut stranger = Person::opens(&node).await;
    assert_eq!(stranger.asks_to_join(None).await["code"], "apart");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_tls_is_not_spoken_to_in_the_clear_where_tls_is_wanted() {
    let Some(redis) = Redis::start() else { return };
    let mut node = node_by(&format!("redis = \"rediss://:hush@{}\"", redis.address), "");
    let log = node.wait_for_log("the cluster's store cannot be reached").to_owned();
    // A Redis that knows no TLS waits for the end of a line that never comes.
    assert!(log.contains("it does not answer") && !log.contains("is reached") && !log.contains("hush"), "{log}");
}
