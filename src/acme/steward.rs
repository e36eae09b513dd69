//! The one task that keeps every certificate: asks each plan what is due, makes the attempts one after the other, tells
//! how they went. A slow authority holds up nothing but the next attempt.

use std::time::Duration;

use aws_lc_rs::rand;
use instant_acme::Account;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::client::Client;
use super::failure::{Failure, Fault};
use super::kept::{Kept, KeptTrouble, State};
use super::order::{Attempt, identifier_of};
use super::plan::{Next, Plan, Validity, Window};
use super::report::{Report, Standing};
use super::subject::Subject;
use super::{Challenge, Options, account};
use crate::clock::Now;
use crate::data_dir::DataDir;
use crate::tls::{Certificates, Pair};

/// What is wanted at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// How to order.
    pub options: Options,
    /// One certificate for each.
    pub subjects: Vec<Subject>,
    /// The ways that can work here, the best first; never empty.
    pub challenges: Vec<Challenge>,
}

/// Keeps the certificates of the [`Wishes`] in a [`Certificates`].
#[derive(Debug)]
pub struct Steward {
    dir: DataDir,
    certificates: Certificates,
    wishes: watch::Receiver<Wishes>,
    report: Report,
    charges: Vec<Charge>,
    session: Option<Session>,
}

/// One certificate in the steward's care.
#[derive(Debug)]
struct Charge {
    subject: Subject,
    plan: Plan,
    kept: Kept,
    state: State,
    held: Option<Pair>,
}

/// With one authority.
struct Session {
    client: Client,
    account: Account,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("account", &self.account.id()).finish()
    }
}

/// The longest sleep: a machine that was suspended, or whose clock was set, is noticed soon.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

impl Steward {
    /// Puts the certificates that were kept into `certificates`, before the first handshake.
    pub fn new(dir: DataDir, certificates: Certificates, wishes: watch::Receiver<Wishes>) -> Steward {
        let mut steward =
            Steward { dir, certificates, wishes, report: Report::default(), charges: Vec::new(), session: None };
        steward.take_charge();
        steward
    }

    /// How the certificates stand.
    pub fn report(&self) -> Report {
        self.report.clone()
    }

    /// Works until `shutdown`. An attempt under way is given up then, and gone on with after the next start. A change of
    /// the wishes, also to the same ones, makes whatever waits for an earlier failure due at once.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut wishes = self.wishes.clone();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                changed = wishes.changed() => if changed.is_err() { return },
                () = self.work() => continue,
            }
            self.take_charge();
            self.charges.iter_mut().for_each(|charge| charge.plan.nudge());
        }
    }

    /// Everything that is due, then a sleep until something is.
    async fn work(&mut self) {
        for at in 0..self.charges.len() {
            self.drop_ended(at);
            match self.charges[at].plan.next(Now::read().unix) {
                Next::Order(challenge) => self.order(at, challenge).await,
                Next::AskWindow => self.ask_window(at).await,
                Next::Wait(_) => {}
            }
        }
        self.tell();
        tokio::time::sleep(self.rest()).await;
    }

    /// Until something is due.
    fn rest(&self) -> Duration {
        let now = Now::read().unix;
        let waits = self.charges.iter().map(|charge| match charge.plan.next(now) {
            Next::Wait(wait) => wait,
            Next::Order(_) | Next::AskWindow => Duration::ZERO,
        });
        waits.min().unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP)
    }

    fn take_charge(&mut self) {
        let wishes = self.wishes.borrow_and_update().clone();
        let mut before = std::mem::take(&mut self.charges);
        self.session = None;
        for subject in &wishes.subjects {
            // No handshake in between may meet the self-signed one, and no file that cannot be read just now costs the certificate.
            let earlier = before.iter().position(|charge| charge.subject == *subject);
            let in_use = earlier.and_then(|at| before.swap_remove(at).held);
            let charge = Charge::new(subject, &wishes, &self.dir, &self.certificates, in_use);
            charge.tell_waiting();
            match &charge.held {
                Some(pair) => self.certificates.put(&subject.to_string(), pair.clone()),
                None => self.certificates.take_away(&subject.to_string()),
            }
            self.charges.push(charge);
        }
        for gone in before {
            self.certificates.take_away(&gone.subject.to_string());
        }
        self.tell();
    }

    fn drop_ended(&mut self, at: usize) {
        let charge = &mut self.charges[at];
        if charge.held.as_ref().is_some_and(|pair| pair.ends() <= Now::read().unix) {
            warn!(subject = %charge.subject, "the trusted certificate has ended; the self-signed one takes its place");
            self.certificates.take_away(&charge.subject.to_string());
            charge.held = None;
            charge.plan.lose();
        }
    }

    async fn order(&mut self, at: usize, challenge: Challenge) {
        let options = self.wishes.borrow().options.clone();
        let ordered = self.attempt(at, challenge, &options).await;
        let (now, dice) = (Now::read().unix, dice());
        let charge = &mut self.charges[at];
        match ordered {
            Ok(pair) => {
                info!(subject = %charge.subject, "trusted certificate in use, good for {}", span(pair.ends().saturating_sub(now)));
                self.certificates.put(&charge.subject.to_string(), pair.clone());
                charge.plan.issued(validity(&pair), now, dice);
                charge.held = Some(pair);
                charge.state.trouble = None;
            }
            Err(failure) => {
                // The directory may have moved; the next attempt asks for it again.
                self.session = None;
                charge.plan.failed(&failure, now, dice);
                let words = failure.words(&charge.subject, challenge);
                let trouble = charge.plan.trouble().map(|trouble| KeptTrouble::new(trouble, words.clone()));
                charge.state.trouble = trouble;
                let until = charge.plan.trouble().map_or(now, |trouble| trouble.until);
                let stays = if charge.held.is_some() { "; the certificate in use stays" } else { "" };
                warn!(subject = %charge.subject, "no new certificate: {words}; next attempt in {}{stays}", span(until.saturating_sub(now)));
                if failure.fault == Fault::AccountGone {
                    self.forget_account(&options);
                }
            }
        }
        let charge = &self.charges[at];
        if let Err(failure) = charge.kept.keep_state(&charge.state) {
            warn!("{}", failure.words(&charge.subject, challenge));
        }
    }

    async fn attempt(&mut self, at: usize, challenge: Challenge, options: &Options) -> Result<Pair, Failure> {
        let Session { client, account } = open(&mut self.session, &self.dir, options).await?;
        let Charge { subject, kept, state, held, .. } = &mut self.charges[at];
        debug!(%subject, challenge = challenge.name(), "ordering a certificate");
        let (certificates, held) = (&self.certificates, held.as_ref());
        Attempt { subject, challenge, options, account, client, kept, certificates, held }.run(state).await
    }

    async fn ask_window(&mut self, at: usize) {
        let options = self.wishes.borrow().options.clone();
        let id = self.charges[at].held.as_ref().and_then(identifier_of);
        let window = match (id, open(&mut self.session, &self.dir, &options).await) {
            (Some(id), Ok(session)) => session.account.renewal_info(&id).await.ok().map(|(info, ask_again)| Window {
                start: since_1970(info.suggested_window.start.unix_timestamp()),
                end: since_1970(info.suggested_window.end.unix_timestamp()),
                ask_again,
            }),
            _ => None,
        };
        debug!(subject = %self.charges[at].subject, ?window, "renewal window");
        self.charges[at].plan.window(window, Now::read().unix, dice());
    }

    fn forget_account(&mut self, options: &Options) {
        self.session = None;
        if let Err(failure) = super::kept::forget_account(&self.dir, &options.directory) {
            warn!("{}", failure.detail);
        }
    }

    fn tell(&self) {
        self.report.tell(self.charges.iter().map(Charge::standing).collect());
    }
}

impl Charge {
    /// `in_use`: the certificate that was shown until now.
    fn new(
        subject: &Subject,
        wishes: &Wishes,
        dir: &DataDir,
        certificates: &Certificates,
        in_use: Option<Pair>,
    ) -> Charge {
        let (kept, now) = (Kept::new(dir, subject), Now::read().unix);
        let state = kept.state(&wishes.options.directory);
        let trouble = state.trouble.as_ref().map(KeptTrouble::trouble);
        let mut plan = Plan::new(wishes.challenges.clone(), trouble, now);
        let pem = kept.certificate();
        let held = pem.and_then(|pem| certificates.pair(&pem, &pem)).or(in_use);
        let held = held.filter(|pair| pair.ends() > now && pair.covers(&subject.to_string()));
        if let Some(pair) = &held {
            plan.hold(validity(pair), dice());
        }
        Charge { subject: subject.clone(), plan, kept, state, held }
    }

    /// After a restart somebody may wonder why nothing happens.
    fn tell_waiting(&self) {
        let (trouble, now) = (self.plan.trouble().filter(|trouble| trouble.limited), Now::read().unix);
        let waiting = trouble.map(|trouble| trouble.until.saturating_sub(now)).filter(|wait| !wait.is_zero());
        if let (Some(wait), Some(kept)) = (waiting, &self.state.trouble) {
            info!(subject = %self.subject, "waits for an earlier failure: {}; next attempt in {}", kept.words, span(wait));
        }
    }

    fn standing(&self) -> Standing {
        let trouble = self.state.trouble.as_ref();
        let until = self.plan.trouble().map(|trouble| trouble.until);
        Standing {
            subject: self.subject.clone(),
            ends: self.held.as_ref().map(Pair::ends),
            renews: self.plan.renews(),
            trouble: trouble.map(|kept| (kept.words.clone(), until.unwrap_or_default())),
            failures: trouble.map_or(0, |kept| kept.count),
        }
    }
}

/// The session that is open, or a new one.
async fn open<'a>(session: &'a mut Option<Session>, dir: &DataDir, options: &Options) -> Result<&'a Session, Failure> {
    let open = match session.take() {
        Some(open) => open,
        None => {
            let client = Client::new(options.ca_file.as_deref())?;
            let account = account::open(dir, options, &client).await?;
            Session { client, account }
        }
    };
    Ok(session.insert(open))
}

fn validity(pair: &Pair) -> Validity {
    Validity { begins: pair.begins(), ends: pair.ends() }
}

fn since_1970(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// From 0 to 1.
fn dice() -> f64 {
    let mut bytes = [0; 4];
    rand::fill(&mut bytes).expect("the system's generator does not fail once it has started");
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}

/// A length of time as people say it, no more exact than they care for.
fn span(length: Duration) -> String {
    let (minutes, hours) = (length.as_secs().div_ceil(60), length.as_secs() / 3600);
    match hours {
        _ if length < Duration::from_secs(60) => format!("{} seconds", length.as_secs().max(1)),
        0..2 => format!("{minutes} minutes"),
        2..48 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    }
}
