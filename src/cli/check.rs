//! `callbox check`: chooses what is checked and how it is printed; the checking is `check`'s.

use std::io::{self, IsTerminal};
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use super::args::{Args, Check};
use super::{fail, healthcheck, load, phone, print};
use crate::app::{self, Inside};
use crate::check::{self, Observations, Options, Paper, Target};
use crate::config::{Config, Tls};
use crate::firewall;
use crate::proxies::LOCAL;

/// The command line itself is wrong.
const USAGE: u8 = 2;

/// Where the width of a terminal cannot be known.
const WIDTH: usize = 100;

/// What no check from inside can find out.
const OUTSIDE: &str = "
From inside this machine nobody can tell whether a firewall, a cloud's security group or a router lets callers in, and whether
DNS is the same elsewhere. Run `callbox check LINK` on another machine, in another network.
";

/// One target with its way of checking.
type Wish = (Target, Options);

/// 0: everything that callers need works. 1: something does not. 2: there is nothing to check.
pub(super) fn check(args: &Args, wish: &Check) -> Result<(), ExitCode> {
    let mut options = Options { insecure: wish.insecure, patience: wish.timeout, ..Options::new() };
    if let Some(file) = &wish.ca {
        options.trust(file).map_err(|error| usage(format!("{error:#}")))?;
    }
    // Whose firewalls are in the way of a server elsewhere, this machine does not know.
    let here = wish.url.is_none().then(app::firewalls);
    let (wishes, rules) = match &wish.url {
        Some(url) => (vec![(Target::read(url).map_err(usage)?, options)], Vec::new()),
        None => {
            let config = load(args)?;
            let router = router(&config, wish.json)?;
            (from_inside(&config, router, options)?, firewall::rules(&app::listening(&config)))
        }
    };
    let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| usize::from(width.0).clamp(40, WIDTH));
    let runtime = tokio::runtime::Runtime::new().map_err(fail)?;
    let mut all: Vec<Observations> = Vec::new();
    for (target, options) in wishes {
        let seen = runtime.block_on(check::check(target, &options)).map_err(|error| fail(format!("{error:#}")))?;
        if !wish.json {
            let paper = Paper { colours, width, here: here.as_ref() };
            print(&format!("{}{}", if all.is_empty() { "" } else { "\n" }, check::table(&seen, paper)))?;
        }
        all.push(seen);
    }
    // A name server that does not answer must not hold up the end.
    runtime.shutdown_timeout(Duration::ZERO);
    match (wish.json, &here) {
        (true, here) => print(&check::json(&all, here.as_ref()))?,
        (false, Some(_)) if rules.is_empty() => print(OUTSIDE)?,
        (false, Some(found)) => print(&format!("{OUTSIDE}\n{}", firewall::in_the_way(&rules, found)))?,
        (false, None) => {}
    }
    if all.iter().all(check::is_good) { Ok(()) } else { Err(ExitCode::FAILURE) }
}

/// The server by the address it listens on, and by each link that people open.
fn from_inside(config: &Config, router: Option<Router>, options: Options) -> Result<Vec<Wish>, ExitCode> {
    let Inside { mut public, mut links } = app::inside(config).map_err(|error| fail(format!("{error:#}")))?;
    // The running server knows what the router gave it.
    if let Some(Router { link, .. }) = router.filter(|router| !links.contains(&router.link)) {
        public.extend(Target::read(&link).ok().and_then(|target| target.host.parse::<IpAddr>().ok()));
        links.push(link);
    }
    let address = healthcheck::reachable(config.listen);
    let own = Target { host: address.ip().to_string(), port: address.port(), tls: config.tls != Tls::Off };
    let preface = if config.expects_preface(address.ip()) { LOCAL.to_vec() } else { Vec::new() };
    // By an address of this machine alone there is no certificate that browsers would know.
    let data_dir = Some(config.data_dir.clone());
    let by_address = Options { insecure: true, preface, data_dir, ..options.clone() };
    let by_link = Options { inside: Some(public), insecure: true, ..options };
    let links = links.iter().filter_map(|link| Target::read(link).ok()).filter(|target| *target != own);
    let links = links.map(|target| (target, by_link.clone()));
    Ok(std::iter::once((own.clone(), by_address)).chain(links).collect())
}

/// What the running server knows of the router in front, told unless the answer is for a program; `None`: it is not asked.
fn router(config: &Config, as_json: bool) -> Result<Option<Router>, ExitCode> {
    if !config.map_ports {
        return Ok(None);
    }
    let router = Router::ask(config).map_err(|error| fail(format!("{error:#}")))?;
    if !as_json {
        print(&router.words())?;
    }
    Ok(Some(router))
}

/// What the running server knows of the router in front.
#[derive(Deserialize)]
struct Router {
    /// Where people open the page.
    link: String,
    health: Health,
}

#[derive(Deserialize)]
struct Health {
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    name: String,
    says: Vec<String>,
}

impl Router {
    fn ask(config: &Config) -> anyhow::Result<Router> {
        let admin =
            config.admin.as_ref().context("`map_ports` is told by the running server's admin API: set admin.listen")?;
        phone::ask(admin, "GET", "/api/v1/status")
    }

    fn words(&self) -> String {
        let says = self.health.parts.iter().filter(|part| part.name == "router").flat_map(|part| &part.says);
        says.fold("Home router (map_ports):\n".to_owned(), |text, words| format!("{text}  {words}\n")) + "\n"
    }
}

fn usage(why: impl std::fmt::Display) -> ExitCode {
    let _failed = fail(why);
    ExitCode::from(USAGE)
}
