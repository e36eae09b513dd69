//! The admin API as its description says it is: every path of `openapi.json` is asked on a real server with people in a
//! room, and each answer is held against the schema that stands there. And what operators do is felt by those it is about.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use webrtc_util::Conn;

use super::admin::{Administered, Answer};
use super::people::Person;
use super::server::PATIENCE;

const PLAIN: &str = "drain_timeout = \"1h\"\n[tls]\nmode = \"off\"\n[turn]\nworkers = 2\nexternal_ip = \"127.0.0.1\"\n";

/// A server where nothing stands between a test and the sockets.
fn server(more: &str) -> Administered {
    Administered::start(&format!("{PLAIN}{more}"))
}

/// The schema for an answer of this status, as a document of its own.
fn schema(description: &Value, operation: &Value, status: u16) -> Option<Value> {
    let mut response = operation["responses"].get(status.to_string())?;
    if let Some(name) = response["$ref"].as_str() {
        response = description.pointer(name.trim_start_matches('#')).expect("a response that is there");
    }
    let Some(content) = response["content"].as_object() else { return Some(Value::Bool(true)) };
    let (_, media) = content.iter().next().expect("a media type");
    Some(json!({ "allOf": [media["schema"]], "components": description["components"] }))
}

/// Panics unless the answer is one that the description has.
fn hold(description: &Value, operation: &Value, answer: &Answer) {
    let id = &operation["operationId"];
    let Some(schema) = schema(description, operation, answer.status) else {
        panic!("{id} may not be answered {}: {}", answer.status, answer.body)
    };
    let is_json = answer.head.contains("json");
    let value = if is_json { answer.json() } else { Value::String(answer.body.clone()) };
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    if let Err(error) = validator.validate(&value) {
        panic!("{id}: {error} at {}: {value}", error.instance_path());
    }
}

/// What a path needs in the place of its names, and what a body says.
struct Fixtures {
    person: String,
    probe: String,
}

impl Fixtures {
    fn path(&self, pattern: &str) -> String {
        let path = pattern.replace("{room}", "kitchen").replace("{person}", &self.person);
        path.replace("{invitation}", "AQIDBAUGBwg").replace("{probe}", &self.probe)
    }

    fn body(operation: &Value) -> String {
        match operation["operationId"].as_str() {
            Some("invite") => r#"{"room":"kitchen","role":"host","seconds":60,"uses":2}"#.to_owned(),
            _ => String::new(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_as_the_description_says() {
    let running = server("");
    let (alice, _bob) = (Person::enters(&running.server).await, Person::enters(&running.server).await);
    let client = alice.turn_client().await;
    let _relayed = client.allocate().await.unwrap();
    let description = running.get("/api/v1/openapi.json").json();
    let probe = running.send("POST", "/api/v1/probes", &[], "").json();
    let [person, probe] = [&alice.joined["you"], &probe["id"]].map(|id| id.as_str().unwrap().to_owned());
    let fixtures = Fixtures { person, probe };
    // People are looked at before they are sent out; and with nobody relayed any more, a server that is to drain ends.
    let mut answered = BTreeSet::new();
    for (wanted, drains) in [("get", false), ("post", false), ("delete", false), ("post", true)] {
        let paths = description["paths"].as_object().unwrap().iter().rev();
        for (pattern, methods) in paths.filter(|(pattern, _)| drains == pattern.ends_with("/drain")) {
            let Some(operation) = methods.get(wanted) else { continue };
            let path = fixtures.path(pattern);
            let answer = running.send(&wanted.to_uppercase(), &path, &[], &Fixtures::body(operation));
            assert!(answer.status < 300, "{wanted} {path}: {} {}", answer.status, answer.body);
            hold(&description, operation, &answer);
            answered.insert(operation["operationId"].as_str().unwrap().to_owned());
        }
    }
    assert!(answered.contains("removePerson") && answered.contains("allocations"), "{answered:?}");
}

#[test]
fn what_is_not_there_and_what_cannot_be_is_said_as_the_description_says() {
    let token = "0123456789abcdef";
    let running = server(&format!("[admin]\ntoken = \"{token}\""));
    let authorization = format!("Authorization: Bearer {token}");
    let description = running.get("/api/v1/openapi.json").json();
    let nobody = Fixtures { person: "nobody".to_owned(), probe: "none".to_owned() };
    for (pattern, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let method = method.to_uppercase();
            let refused = running.ask(&method, &nobody.path(pattern), &[]);
            let is_open = operation["security"].is_array();
            assert_eq!(refused.status == 401, !is_open, "{method} {pattern}");
            hold(&description, operation, &refused);
            if pattern.contains("{room}") || pattern.contains("{probe}") {
                let missing = running.ask(&method, &nobody.path(pattern), &[&authorization]);
                assert_eq!(missing.status, 404, "{method} {pattern}");
                hold(&description, operation, &missing);
            }
        }
    }
    let invite = &description["paths"]["/api/v1/invitations"]["post"];
    for body in ["", "{}", r#"{"room":""}"#, r#"{"room":"a","uses":0}"#, r#"{"room":"a","for":5}"#] {
        let refused = running.send("POST", "/api/v1/invitations", &[&authorization], body);
        assert_eq!(refused.status, 400, "{body}");
        hold(&description, invite, &refused);
    }
    let long = format!(r#"{{"room":"{}"}}"#, "a".repeat(70 << 10));
    assert_eq!(running.send("POST", "/api/v1/invitations", &[&authorization], &long).status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_who_is_relayed_and_puts_somebody_out_of_room_and_relay() {
    let running = server("");
    let (mut alice, bob) = (Person::enters(&running.server).await, Person::enters(&running.server).await);
    let client = alice.turn_client().await;
    let relayed = client.allocate().await.unwrap();
    let id = alice.joined["you"].as_str().unwrap();
    let told = running.get("/api/v1/allocations").json();
    assert_eq!((&told["total"], &told["allocations"][0]["user"]), (&json!(1), &json!(id)), "{told}");
    assert_eq!(told["allocations"][0]["network"], "127.0.0.0/24");

    let people = running.get("/api/v1/rooms/kitchen/people").json();
    assert_eq!(people["people"].as_array().unwrap().len(), 2, "{people}");
    assert_eq!(running.ask("DELETE", &format!("/api/v1/rooms/kitchen/people/{id}"), &[]).status, 204);
    assert_eq!(alice.hears("error").await["code"], "removed");
    let gone = async {
        while running.get("/api/v1/allocations").json()["total"] != 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("what was relayed for her ends");
    drop(relayed.close());
    assert!(alice.turn_client().await.allocate().await.is_err(), "her credentials are refused");
    let metrics = running.get("/metrics").body;
    assert!(metrics.contains("callbox_refusals_total{code=\"removed\"} 1"), "{metrics}");
    assert!(metrics.contains("callbox_people{state=\"here\"} 1"), "{metrics}");
    drop(bob);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_room_is_gone_and_everybody_is_told() {
    let running = server("");
    let (mut alice, mut bob) = (Person::enters(&running.server).await, Person::enters(&running.server).await);
    assert_eq!(running.get("/api/v1/rooms").json()["rooms"][0]["people"], 2);
    assert_eq!(running.ask("DELETE", "/api/v1/rooms/kitchen", &[]).status, 204);
    for person in [&mut alice, &mut bob] {
        assert_eq!(person.hears("error").await["code"], "removed");
    }
    assert_eq!(running.get("/api/v1/rooms").json()["rooms"], json!([]));
}

#[test]
fn an_invitation_made_here_is_one_of_the_command_lines() {
    let running = server("[rooms]\nopen = false");
    let made = running.send("POST", "/api/v1/invitations", &[], r#"{"room":"my kitchen","uses":1}"#).json();
    let link = made["link"].as_str().unwrap();
    assert!(link.contains("/r/my%20kitchen?i="), "{link}");
    let folder = running.server.folder.path();
    let revoked = super::server::run(folder, &["invite", "--revoke", link]);
    assert!(revoked.status.success(), "{}", super::server::stderr(&revoked));
    let id = made["id"].as_str().unwrap();
    let until = std::time::Instant::now() + PATIENCE;
    while running.get("/api/v1/invitations").json()["invitations"][0]["id"] != id {
        assert!(std::time::Instant::now() < until, "the server hears of it");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(running.get("/api/v1/invitations").json()["invitations"][0]["revoked"], true);
}
