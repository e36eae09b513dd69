//! What whoever runs the servers is told of the cluster, by each of them.

use serde_json::{Value, json};

use crate::person::Person;
use crate::server::{Server, connect, exchange};
use crate::store::Redis;

/// What the admin listener of `node` answers: the status line, and the body.
fn asked(node: &Server, method: &str, path: &str) -> (String, String) {
    let (_, rest) = node.banner.split_once("For whoever runs it: http://").expect("the admin listener's link");
    let admin = rest.split('/').next().unwrap().parse().unwrap();
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: {admin}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let answer = exchange(&mut connect(admin), &request);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

fn told(node: &Server, path: &str) -> Value {
    serde_json::from_str(&asked(node, "GET", path).1).unwrap()
}

/// Asks until the figures have this line.
async fn shows(node: &Server, line: &str) {
    let has_it = async {
        while !asked(node, "GET", "/metrics").1.lines().any(|figure| figure == line) {
            tokio::task::yield_now().await;
        }
    };
    let figures = || asked(node, "GET", "/metrics").1;
    tokio::time::timeout(crate::server::PATIENCE, has_it)
        .await
        .unwrap_or_else(|_| panic!("no {line} in {}", figures()));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_shows_the_rooms_it_keeps_and_names_the_keeper_of_the_others() {
    let Some(redis) = Redis::start() else { return };
    let (keeper, other) = (redis.node(""), redis.node(""));
    let (_alice, bob) = (Person::enters(&keeper).await, Person::enters(&other).await);
    for node in [&keeper, &other] {
        shows(node, "callbox_cluster_redis_up 1").await;
        shows(node, "callbox_cluster_nodes 2").await;
    }
    shows(&keeper, "callbox_cluster_guests 1").await;
    shows(&keeper, "callbox_cluster_rooms{kept=\"here\"} 1").await;
    shows(&other, "callbox_cluster_visitors 1").await;
    shows(&other, "callbox_cluster_rooms{kept=\"elsewhere\"} 1").await;

    let (kept, seen) = (told(&keeper, "/api/v1/rooms"), told(&other, "/api/v1/rooms"));
    assert_eq!((&kept["rooms"][0]["people"], &kept["elsewhere"]), (&json!(2), &json!([])), "{kept}");
    let elsewhere = json!([{ "name": "kitchen", "keeper": kept["node"], "visitors": 1 }]);
    assert_eq!((&seen["rooms"], &seen["elsewhere"]), (&json!([]), &elsewhere), "{seen}");
    let person = format!("/api/v1/rooms/kitchen/people/{}", bob.id().as_str().unwrap());
    for (method, path) in
        [("GET", "/api/v1/rooms/kitchen/people"), ("DELETE", "/api/v1/rooms/kitchen"), ("DELETE", &person)]
    {
        let (status, why) = asked(&other, method, path);
        assert!(
            status.contains(" 404 ") && why.contains(kept["node"].as_str().unwrap()),
            "{method} {path}: {status} {why}"
        );
    }
    assert!(asked(&keeper, "DELETE", &person).0.contains(" 204 "), "its keeper sends out guests too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_gone_is_told_in_words_and_figures_until_it_is_back() {
    let Some(redis) = Redis::start() else { return };
    let node = redis.node("");
    shows(&node, "callbox_cluster_redis_up 1").await;
    assert_eq!(told(&node, "/healthz")["status"], "ok", "{}", told(&node, "/healthz"));
    let redis = redis.down();
    shows(&node, "callbox_cluster_redis_up 0").await;
    let (status, health) = asked(&node, "GET", "/healthz");
    assert!(status.contains(" 503 ") && health.contains("Redis cannot be reached since 20"), "{status} {health}");
    let ready = told(&node, "/readyz");
    assert_eq!(ready["ready"], true, "who has a seat comes back to it");
    assert!(ready["says"][0].as_str().unwrap().contains("nobody new comes in"), "{ready}");
    let _redis = redis.up();
    shows(&node, "callbox_cluster_redis_up 1").await;
    assert_eq!(told(&node, "/readyz"), json!({ "ready": true, "says": [] }));
}
