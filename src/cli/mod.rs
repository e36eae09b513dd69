//! The command line: what was asked for, with which exit code it ended. Flags are one more source of configuration;
//! what they mean is the configuration's business.

mod args;
mod bounded;
mod check;
mod healthcheck;
mod metrics;
mod phone;
mod proxy;
mod unit;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::config::{self, Config, Problems};
use crate::invitation::Role;
use crate::{app, firewall};
use args::{Args, Command, Invite};
use metrics::Monitoring;

/// Runs the command that the process was started with. 0: it did what was asked. 1: it could not, and said why on
/// stderr. 2: the command line itself is wrong.
pub fn run() -> ExitCode {
    let args = Args::parse();
    let done = match args.wanted() {
        Command::Serve { takeover } => serve(&args, takeover),
        Command::Ports { format } => ports(&args, format),
        Command::Config => show_config(&args),
        Command::Invite(wish) => invite(&args, wish),
        Command::Check(wish) if wish.phone => phone::check(&args, wish.json),
        Command::Check(wish) => check::check(&args, &wish),
        Command::Healthcheck => healthcheck(&args),
        Command::Metrics { what } => metrics(&args, what),
        Command::Proxy { proxy } => load(&args).and_then(|config| print(&proxy::snippet(proxy, &config))),
        Command::Unit => load(&args).and_then(|config| print(&unit::unit(&config, args.file(), &args.flags()))),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "callbox", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
        Command::Man => man(),
    };
    done.map_or_else(|failed| failed, |()| ExitCode::SUCCESS)
}

fn serve(args: &Args, takeover: bool) -> Result<(), ExitCode> {
    let config = load(args)?;
    app::start_logs(&config.log);
    app::serve(args.inputs(), config, app::Start { takeover, again: args.again() })
        .map_err(|error| fail(format!("{error:#}")))
}

fn ports(args: &Args, format: firewall::Format) -> Result<(), ExitCode> {
    let config = load(args)?;
    print(&firewall::written(&app::listening(&config), &app::firewalls(), format))
}

fn show_config(args: &Args) -> Result<(), ExitCode> {
    let config = load(args)?;
    print(&config::show(args.inputs()).map_err(tell)?)?;
    let found = app::public_addresses(&config).map_err(|error| fail(format!("{error:#}")))?;
    // As comments: what was printed stays a file that could be used.
    print(&found.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect::<String>())
}

fn invite(args: &Args, wanted: Invite) -> Result<(), ExitCode> {
    let config = load(args)?;
    let failed = |error: anyhow::Error| fail(format!("{error:#}"));
    if let Some(link) = wanted.revoke {
        app::revoke(&config, &link).map_err(failed)?;
        return print("Nobody comes in with this invitation any more; a running server hears of it within seconds.\n");
    }
    let role = if wanted.host { Role::Host } else { Role::Guest };
    let room = wanted.room.unwrap_or_default();
    let wish = app::Wish { room, role, life: wanted.life, uses: wanted.uses.unwrap_or(0) };
    let link = app::invite(&config, &wish).map_err(failed)?;
    print(&format!("{link}\n{}", app::code(&link).unwrap_or_default()))?;
    if app::stays_inside(&link) {
        let _ = writeln!(io::stderr(), "callbox: {STAYS_INSIDE}");
    }
    Ok(())
}

/// About an invitation that is good, to a server that nobody outside knows how to reach.
const STAYS_INSIDE: &str = "this link opens in this network only, as no public name or address of this server is known here; \
                            --name or --external-ip says one, and with map_ports the invitations made in the call page have it";

fn healthcheck(args: &Args) -> Result<(), ExitCode> {
    let config = load(args)?;
    healthcheck::ask(&config).map_err(|error| fail(format!("{error:#}")))
}

fn metrics(args: &Args, what: Monitoring) -> Result<(), ExitCode> {
    let config = load(args)?;
    print(&metrics::text(what, &config).map_err(|error| fail(format!("{error:#}")))?)
}

fn man() -> Result<(), ExitCode> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Args::command()).render(&mut page).map_err(fail)?;
    print(&String::from_utf8_lossy(&page))
}

fn load(args: &Args) -> Result<Config, ExitCode> {
    config::load(args.inputs()).map_err(tell)
}

fn tell(problems: Problems) -> ExitCode {
    fail(problems)
}

/// A reader that has seen enough (`| head`) is no failure.
fn print(text: &str) -> Result<(), ExitCode> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => Err(fail(cause)),
        _ => Ok(()),
    }
}

fn fail(why: impl Display) -> ExitCode {
    let _ = writeln!(io::stderr(), "callbox: {why}");
    ExitCode::FAILURE
}
