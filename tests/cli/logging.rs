//! What a whole call leaves in the log: the lines an operator expects, and nothing that tells who called whom from where.

use serde_json::{Value, json};

use super::admin::Administered;
use super::people::Person;
use super::server::stderr;

const PLAIN: &str =
    "[tls]\nmode = \"off\"\n[turn]\nworkers = 2\nexternal_ip = \"127.0.0.1\"\n[log]\nformat = \"json\"\n";

/// One line of the log.
fn read(line: &str) -> (String, Value) {
    let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    (line["fields"]["message"].as_str().unwrap_or_default().to_owned(), line["fields"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_call_says_who_came_and_went_by_ids_and_keeps_names_rooms_secrets_and_addresses_to_itself() {
    let running = Administered::start(PLAIN);
    let (mut alice, bob) = (Person::enters(&running.server).await, Person::enters(&running.server).await);
    let relayed = alice.turn_client().await;
    let _allocated = relayed.allocate().await.unwrap();
    let ids = [&alice, &bob].map(|person| person.joined["you"].as_str().unwrap().to_owned());
    alice.says(json!({ "type": "leave" })).await;
    alice.hears("left").await;
    assert_eq!(running.ask("DELETE", &format!("/api/v1/rooms/kitchen/people/{}", ids[1]), &[]).status, 204);
    let mut secrets = vec!["kitchen".to_owned(), "Somebody".to_owned()];
    for person in [&alice, &bob] {
        secrets.push(person.joined["seat"].as_str().unwrap().to_owned());
        let ice = person.joined["ice_servers"].as_array().unwrap().iter();
        secrets.extend(ice.filter_map(|server| Some(server["credential"].as_str()?.to_owned())));
    }
    running.server.signal("TERM");
    let (code, log, _folder) = running.server.end();
    assert_eq!(code, Some(0), "{log}");

    let lines: Vec<(String, Value)> = log.lines().map(read).collect();
    let said = |words: &str| lines.iter().filter(|(message, _)| message.starts_with(words)).collect::<Vec<_>>();
    let joined = said("joined");
    assert_eq!(joined.iter().map(|(_, fields)| fields["person"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    assert_eq!(joined[0].1["room"], joined[1].1["room"], "one can see that it is the same room");
    assert_eq!(said("left").iter().map(|(_, fields)| fields["person"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    assert_eq!(said("an operator sent somebody out")[0].1["person"], ids[1].as_str());
    for once in ["serving", "metrics, health and the admin API", "stopping"] {
        assert_eq!(said(once).len(), 1, "{once}: {log}");
    }
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "{secret} is in {log}");
    }
    // Only what it listens on has an address.
    let with_address = lines.iter().filter(|(message, fields)| {
        !message.starts_with("serving") && !message.starts_with("metrics,") && fields.to_string().contains("127.0.0")
    });
    assert_eq!(with_address.collect::<Vec<_>>(), Vec::<&(String, Value)>::new());
}

#[test]
fn a_storm_of_one_event_becomes_a_few_lines_and_one_with_a_count() {
    let running = Administered::start("[admin]\ntoken = \"0123456789abcdef\"");
    for _ in 0..100 {
        assert_eq!(running.ask("GET", "/metrics", &["Authorization: Bearer wrong"]).status, 401);
    }
    running.server.signal("TERM");
    let (_, log, _folder) = running.server.end();
    let told = log.lines().filter(|line| line.contains("showed a wrong token")).collect::<Vec<_>>();
    assert!(told.len() < 50, "{} lines", told.len());
    let counts = told.iter().filter(|line| line.contains("and again: ")).collect::<Vec<_>>();
    let left_out: usize =
        counts.iter().map(|line| line.rsplit_once("times=").unwrap().1.trim().parse::<usize>().unwrap()).sum();
    assert_eq!(told.len() - counts.len() + left_out, 100, "{log}");
}

#[test]
fn every_figure_that_alerts_and_dashboard_name_is_one_of_the_server() {
    if !super::namespace::is_inside("logging::every_figure_that_alerts_and_dashboard_name_is_one_of_the_server") {
        return; // it asks the router in front, and here there is none
    }
    // Port 9 is nobody's: a cluster without its store has all figures, too.
    let cluster = "[cluster]\nredis = \"redis://127.0.0.1:9\"\nsecret = \"a secret of twenty characters\"";
    let running = Administered::start(&format!("map_ports = true\n[turn]\nmonthly_budget = \"1 TB\"\n{cluster}"));
    let figures = running.get("/metrics").body;
    let folder = tempfile::tempdir().unwrap();
    for what in ["alerts", "grafana"] {
        let printed = super::server::run(folder.path(), &["metrics", what]);
        assert!(printed.status.success(), "{}", stderr(&printed));
        let text = super::server::stdout(&printed);
        let names = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let names: Vec<_> = names.filter(|name| name.starts_with("callbox_") || name.starts_with("process_")).collect();
        assert!(names.len() > 10, "{what}: {names:?}");
        for name in names {
            // A counter is described without the end of its name.
            let described = format!("# TYPE {} ", name.strip_suffix("_total").unwrap_or(name));
            assert!(figures.contains(&described), "{what} names {name}, which is not in {figures}");
        }
    }
}

#[test]
fn prometheus_takes_the_printed_rules_and_lines() {
    if std::process::Command::new("promtool").arg("--version").output().is_err() {
        return println!("skipped: promtool is not installed; it comes with Debian's prometheus");
    }
    let folder = tempfile::tempdir().unwrap();
    for (what, check) in [("alerts", "rules"), ("prometheus", "config")] {
        let mut command = super::server::callbox(folder.path());
        let printed = command.args(["metrics", what]).env_remove("CALLBOX_ADMIN__LISTEN").output().unwrap();
        assert!(printed.status.success(), "{}", stderr(&printed));
        let file = folder.path().join(what);
        std::fs::write(&file, &printed.stdout).unwrap();
        let checked = std::process::Command::new("promtool").arg("check").arg(check).arg(&file).output().unwrap();
        assert!(checked.status.success(), "{}{}", super::server::stdout(&checked), stderr(&checked));
    }
}
