//! The diagnosis of a connection, step by step, within its deadline.

mod other_end;
mod tell;

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use otherend_net::Refusal;
use otherend_net::endpoint::{Endpoint, Host};
use socket2::Socket;

use crate::evidence::{
    Asked, ConnectAttempt, ConnectOutcome, Contrast, Evidence, Oddity, Route, Talk, Target,
};
use crate::firewall::{self, Direction, Packet, Ruleset};
use crate::interfaces::{self, Interface};
use crate::probe::Probe;
use crate::{
    Diagnosis, Mark, Options, Progress, Stage, StepLog, contrast, conversation, machine, name,
    phrase, probe, verdict, way,
};
use other_end::Answer;

/// Shares of the deadline, in hundredths: a name may take 40, and 60 when nobody has answered by
/// then; connecting 40 of what is left, but for contrast, which may take 12. The rest is for reading
/// tables and rules.
// Of 10 s, connecting has 4. The kernel repeats a first packet after 1 s and ARP gives up after 3: what
// both tell is worth more than silence, so that less time than that is a diagnosis of its own.
const SHARE_NAME: u32 = 40;
const SHARE_SLOW_NAME: u32 = 60;
const SHARE_CONNECT: u32 = 40;
const SHARE_CONTRAST: u32 = 12;
const SHARE_BEFORE_CONTRAST: u32 = 88;
const SHARE_TALK: u32 = 95;
/// Within less, an answer may still be on its way; more would only be waited for.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(3600);

/// Why does it not connect? Blocks until everything is found out, at most about the deadline.
#[must_use]
pub fn connect(endpoint: &Endpoint, options: &Options) -> Diagnosis {
    connect_with_progress(endpoint, options, |_| ())
}

/// As [`connect`]; `on_progress` hears of each step as it begins and as soon as it is done.
pub fn connect_with_progress(
    endpoint: &Endpoint,
    options: &Options,
    mut on_progress: impl FnMut(Progress<'_>),
) -> Diagnosis {
    let mut run = Run::new(endpoint, options, &mut on_progress);
    run.all_steps(endpoint);
    let verdict = verdict(&run.evidence);
    Diagnosis {
        steps: run.log.steps,
        evidence: run.evidence,
        verdict,
    }
}

struct Run<'a> {
    options: &'a Options,
    deadline: Duration,
    started: Instant,
    interfaces: Vec<Interface>,
    evidence: Evidence,
    log: StepLog<'a>,
}

impl<'a> Run<'a> {
    fn new(
        endpoint: &Endpoint,
        options: &'a Options,
        on_progress: &'a mut dyn FnMut(Progress<'_>),
    ) -> Run<'a> {
        let asked = Asked {
            host: endpoint.host().to_string(),
            port: endpoint.port(),
            family: options.family,
            tls: options.tls,
            say: options.say.clone(),
            expect: options.expect.clone(),
        };
        Run {
            options,
            deadline: options.deadline.clamp(SHORTEST, LONGEST),
            started: Instant::now(),
            interfaces: interfaces::list().unwrap_or_default(),
            evidence: Evidence {
                asked,
                ..Evidence::default()
            },
            log: StepLog {
                steps: Vec::new(),
                on_progress,
            },
        }
    }

    fn all_steps(&mut self, endpoint: &Endpoint) {
        if !self.address(endpoint) {
            return;
        }
        let addresses = self.name(endpoint);
        if addresses.is_empty() {
            return;
        }
        self.ways(&addresses);
        // All addresses are tried, though one that accepts would do: that the first of a name fails is
        // worth a remark. What else answers there is asked only where nobody accepts.
        match self.connections() {
            Some((address, socket)) => {
                self.converse(address, socket);
                self.other_end(address);
            }
            None => self.contrasts(),
        }
        // After the conversation: a connection that its server did not accept waits in the queue even
        // when it was ended, and is counted there.
        self.machine();
        self.rules();
    }

    /// So many hundredths of the deadline.
    fn share(&self, hundredths: u32) -> Duration {
        self.deadline * hundredths / 100
    }

    /// What looks wrong already; false when nothing can be tried.
    fn address(&mut self, endpoint: &Endpoint) -> bool {
        if endpoint.port() == 0 {
            self.evidence.oddities.push(Oddity::PortZero);
        }
        let text = format!("{} port {}", self.evidence.asked.host, endpoint.port());
        let tryable = endpoint.port() != 0;
        let mark = if tryable { Mark::Good } else { Mark::Bad };
        self.step(Stage::Address, mark, text, Duration::ZERO);
        tryable
    }

    fn name(&mut self, endpoint: &Endpoint) -> Vec<SocketAddr> {
        if !self.options.addresses.is_empty() {
            return self.options.addresses.clone();
        }
        let limits = name::Limits {
            enough: self.share(SHARE_NAME),
            most: self.share(SHARE_SLOW_NAME),
        };
        self.log.begins(Stage::Name, &self.evidence.asked.host);
        let (addresses, finding) = match name::look_up(endpoint, self.options, limits) {
            Ok(found) => found,
            Err(error) => (Vec::new(), Some(name::finding_of(&error, Duration::ZERO))),
        };
        if let Some(finding) = &finding {
            let (mark, text) = name::told(finding);
            self.step(Stage::Name, mark, text, finding.took);
        }
        // A numeric address is nothing to be resolved, unless it cannot be used.
        let is_name = matches!(endpoint.host(), Host::Name(_)) || addresses.is_empty();
        self.evidence.name = finding.filter(|_| is_name);
        addresses
    }

    fn ways(&mut self, addresses: &[SocketAddr]) {
        for address in addresses {
            let started = Instant::now();
            let way = way::way_to(*address, &self.interfaces);
            let (mark, text) = tell::way(*address, &way);
            self.step(Stage::Way, mark, text, started.elapsed());
            self.evidence.targets.push(Target {
                address: *address,
                way,
                attempt: ConnectAttempt::default(),
                contrast: Contrast::default(),
            });
        }
    }

    /// Connect to all addresses; the first in the resolver's order that accepts is kept.
    fn connections(&mut self) -> Option<(SocketAddr, Socket)> {
        let tryable = |target: &&Target| {
            target.way.route != Route::Broadcast && !target.address.ip().is_multicast()
        };
        let addresses: Vec<SocketAddr> = self
            .evidence
            .targets
            .iter()
            .filter(tryable)
            .map(|target| target.address)
            .collect();
        let left = self
            .share(SHARE_BEFORE_CONTRAST)
            .saturating_sub(self.started.elapsed());
        let limit = self.share(SHARE_CONNECT).min(left);
        let (log, targets) = (&mut self.log, &self.evidence.targets);
        log.begins(Stage::Connection, &phrase::list(&addresses));
        let probes = probe::connect_all(&addresses, limit, |probe| {
            let way = targets
                .iter()
                .find(|target| target.address == probe.address);
            let way = way.map(|target| &target.way);
            let (mark, text) = tell::attempt(probe.address, way, &probe.attempt);
            log.step(Stage::Connection, mark, text, probe.attempt.took);
        });
        self.keep(probes)
    }

    /// Keep each outcome, and the first socket that was accepted.
    fn keep(&mut self, probes: Vec<Probe>) -> Option<(SocketAddr, Socket)> {
        let mut accepted = None;
        for probe in probes {
            let mut targets = self.evidence.targets.iter_mut();
            if let Some(target) = targets.find(|target| target.address == probe.address) {
                target.attempt = probe.attempt;
            }
            if let (None, Some(socket)) = (&accepted, probe.socket) {
                accepted = Some((probe.address, socket));
            }
        }
        accepted
    }

    fn contrasts(&mut self) {
        let limit = self.share(SHARE_CONTRAST);
        let deadline = Instant::now() + limit;
        self.log.begins(Stage::Contrast, "what else answers there");
        // A link may have come or gone while it was tried.
        self.interfaces = interfaces::list().unwrap_or_default();
        for target in &mut self.evidence.targets {
            way::see_links(&mut target.way, target.address.ip(), &self.interfaces);
        }
        for index in 0..self.evidence.targets.len() {
            let started = Instant::now();
            let target = &self.evidence.targets[index];
            let left = deadline.saturating_duration_since(started);
            let contrast = match target.attempt.outcome {
                ConnectOutcome::Refused if !self.options.search_ports => Contrast::default(),
                _ => contrast::look(target.address, &target.way, &target.attempt, left),
            };
            if let Some((mark, text)) = tell::contrast(target, &contrast) {
                self.step(Stage::Contrast, mark, text, started.elapsed());
            }
            self.evidence.targets[index].contrast = contrast;
            self.oddities(index);
        }
    }

    /// What looks wrong with an address that nobody accepted at. That another was meant is no
    /// guess for one that a machine has.
    fn oddities(&mut self, index: usize) {
        let target = &self.evidence.targets[index];
        let (address, answers) = (target.address, target.answers());
        let mut oddities = way::oddities(address, &self.interfaces);
        oddities.retain(|oddity| !answers || !matches!(oddity, Oddity::NearOwnNetwork { .. }));
        for oddity in oddities {
            let text = tell::oddity(address, &oddity);
            self.step(Stage::Address, Mark::Note, text, Duration::ZERO);
            self.evidence.oddities.push(oddity);
        }
    }

    fn converse(&mut self, address: SocketAddr, socket: Socket) {
        let ready = socket.set_nonblocking(false).is_ok();
        if !self.options.converse || !ready {
            return;
        }
        let started = Instant::now();
        let deadline = self.started + self.share(SHARE_TALK);
        let stream = TcpStream::from(socket);
        self.log
            .begins(Stage::Conversation, "listening to what it says");
        let talk = conversation::talk(stream, address, &self.evidence.asked, deadline);
        let mark = verdict::mark_of_talk(&self.evidence, address, &talk);
        let text = tell::talk(&self.evidence.asked, &talk);
        let took = talk.heard_after.unwrap_or_else(|| started.elapsed());
        self.step(Stage::Conversation, mark, text, took);
        self.evidence.talk = Some(talk);
    }

    /// Both ends together, on a connection of their own: when it was asked for, or the server says
    /// that it is otherend's. One that has just refused us is not asked again.
    fn other_end(&mut self, address: SocketAddr) {
        let greeting = self.evidence.talk.as_ref().map(|talk| &talk.greeting);
        let greeting = greeting.map_or(&[][..], Vec::as_slice);
        if !self.options.two_ended && !says_otherend(greeting) {
            return;
        }
        let refusal = Refusal::read(greeting.trim_ascii_end());
        let started = Instant::now();
        let what = "asking what it sees of this connection";
        self.log.begins(Stage::OtherEnd, what);
        let answer = match refusal {
            Some(refusal) => Answer::Refused(refusal),
            None => other_end::ask(address, self.started + self.share(SHARE_TALK)),
        };
        let (mark, text) = tell::other_end(&answer);
        self.step(Stage::OtherEnd, mark, text, started.elapsed());
        if let Answer::Sees(seen) = answer {
            self.evidence.other_end = Some(seen);
        }
    }

    /// Who should answer here, when the address is one of this machine's.
    fn machine(&mut self) {
        let is_local = |target: &&Target| target.way.route == Route::Local;
        let mut local = self.evidence.targets.iter().filter(is_local);
        let accepted = local
            .clone()
            .find(|target| target.attempt.outcome.accepted());
        let Some(asked) = accepted.or(local.next()).map(|target| target.address) else {
            return;
        };
        let started = Instant::now();
        let machine = machine::look(asked);
        let quiet = self.evidence.talk.as_ref().is_none_or(Talk::is_silent);
        let (mark, text) = tell::machine(asked, machine.as_ref(), quiet);
        self.step(Stage::Machine, mark, text, started.elapsed());
        self.evidence.machine = machine;
    }

    /// What this machine's rules do to what was not answered.
    fn rules(&mut self) {
        // Without descriptors the rules cannot be read, either.
        let stopped = |outcome: &ConnectOutcome| {
            !matches!(
                outcome,
                ConnectOutcome::Accepted(_)
                    | ConnectOutcome::NotTried
                    | ConnectOutcome::NoDescriptors
            )
        };
        if !self
            .evidence
            .targets
            .iter()
            .any(|target| stopped(&target.attempt.outcome))
        {
            return;
        }
        let started = Instant::now();
        let rules = firewall::read();
        self.evidence.rules_read = rules.is_ok();
        for target in &mut self.evidence.targets {
            if stopped(&target.attempt.outcome) {
                target.way.outgoing = outgoing(&rules, target);
            }
        }
        let local = self
            .evidence
            .targets
            .iter()
            .find(|target| target.way.route == Route::Local);
        if let (Some(target), Some(machine)) = (local, &mut self.evidence.machine) {
            machine.rules = machine::rules_for_own(&rules, target.address);
        }
        let (mark, text) = tell::rules(&rules, &self.evidence);
        self.step(Stage::Machine, mark, text, started.elapsed());
    }

    fn step(&mut self, stage: Stage, mark: Mark, text: impl Into<String>, took: Duration) {
        self.log.step(stage, mark, text, took);
    }
}

fn says_otherend(greeting: &[u8]) -> bool {
    let greeting = String::from_utf8_lossy(greeting).to_lowercase();
    greeting.contains("otherend")
}

/// The rule that stops what is sent to a target.
fn outgoing(rules: &Result<Ruleset, String>, target: &Target) -> Option<crate::RuleHit> {
    let (interface, source) = match &target.way.route {
        Route::Local => (Some("lo".to_owned()), Some(target.address.ip())),
        Route::Direct { interface, source } => (Some(interface.clone()), *source),
        Route::Via {
            interface, source, ..
        } => (Some(interface.clone()), *source),
        _ => return None,
    };
    let packet = Packet {
        direction: Direction::Out,
        source,
        destination: target.address.ip(),
        port: target.address.port(),
        interface,
    };
    firewall::judge(rules.as_ref().ok()?, &packet)
}
