//! `callbox check`: chooses what is checked and how it is printed; the checking is `check`'s.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use super::args::{Args, Check};
use super::{fail, healthcheck, load, print};
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
            (from_inside(&config, options)?, firewall::rules(&app::listening(&config)))
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
fn from_inside(config: &Config, options: Options) -> Result<Vec<Wish>, ExitCode> {
    let Inside { public, links } = app::inside(config).map_err(|error| fail(format!("{error:#}")))?;
    let address = healthcheck::reachable(config.listen);
    let own = Target { host: address.ip().to_string(), port: address.port(), tls: config.tls != Tls::Off };
    let preface = if config.expects_preface(address.ip()) { LOCAL.to_vec() } else { Vec::new() };
    // By an address of this machine alone there is no certificate that browsers would know.
    let by_address = Options { insecure: true, preface, ..options.clone() };
    let by_link = Options { inside: Some(public), insecure: true, ..options };
    let links = links.iter().filter_map(|link| Target::read(link).ok()).filter(|target| *target != own);
    let links = links.map(|target| (target, by_link.clone()));
    Ok(std::iter::once((own.clone(), by_address)).chain(links).collect())
}

fn usage(why: impl std::fmt::Display) -> ExitCode {
    let _failed = fail(why);
    ExitCode::from(USAGE)
}
