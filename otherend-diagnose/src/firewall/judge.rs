//! A packet's way through the chains, as the kernel goes it.

use std::net::IpAddr;

use super::{Action, Chain, Condition, Direction, Packet, Rule, Ruleset, Test};
use crate::evidence::{RuleAction, RuleHit};

/// Jumps deeper than the kernel allows are a loop.
const DEEPEST: usize = 16;

/// Whether a condition holds, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Yes,
    No,
    Maybe,
}

/// How a chain ended.
enum Fate {
    /// The packet goes on to the next base chain.
    Accepted,
    Stopped(RuleHit),
    /// The end of a chain that was jumped to.
    Returned,
}

/// The rule that stops the packet: a certain one if there is one, else the first that may.
pub(crate) fn judge(rules: &Ruleset, packet: &Packet) -> Option<RuleHit> {
    // At each hook the packet meets every base chain, in the order of their priorities, and each has
    // to let it pass: "accept" ends one base chain and not the way. What one's own table accepts,
    // that of fail2ban may still drop; then its rule is the one that is named.
    let hooks: &[&str] = match packet.direction {
        Direction::In => &["prerouting", "input"],
        Direction::Out => &["output", "postrouting"],
    };
    let mut walk = Walk {
        rules,
        packet,
        maybe: None,
        reached: true,
        unaccepted: true,
    };
    for hook in hooks {
        let mut chains: Vec<&Chain> = rules
            .chains
            .iter()
            .filter(|c| walk.is_at(c, hook))
            .collect();
        chains.sort_by_key(|chain| chain.priority);
        for chain in chains {
            if let Fate::Stopped(hit) = walk.base_chain(chain) {
                return Some(hit);
            }
        }
    }
    walk.maybe
}

// What a condition says that cannot be judged from here (a rate, a mark) is "maybe", and what follows
// from it is kept apart from what is sure:
//
//   chain input, policy drop
//     limit rate 5/second jump guard    maybe: inside guard, nothing is surely reached
//     tcp dport 80 drop                 reached either way, through guard or past it
//   chain guard
//     meta mark 1 accept                maybe: the drop above is uncertain now, and so is the policy
//     tcp dport 80 drop                 not surely reached: remembered, in case nothing is surer
/// The way of one packet through the chains.
struct Walk<'a> {
    rules: &'a Ruleset,
    packet: &'a Packet,
    /// The first rule that may have stopped it.
    maybe: Option<RuleHit>,
    /// Whether it surely comes to the rule that is looked at. Each chain begins with what its caller
    /// knew; a return or a goto that is a "maybe" ends it.
    reached: bool,
    /// Whether no rule of this base chain may have accepted it. Once lost, it is lost for the base
    /// chain: whoever was accepted does not come back.
    unaccepted: bool,
}

impl Walk<'_> {
    fn is_at(&self, chain: &Chain, hook: &str) -> bool {
        let family = chain.table.split(' ').next().unwrap_or_default();
        let fits = match self.packet.destination {
            IpAddr::V4(_) => matches!(family, "ip" | "inet"),
            IpAddr::V6(_) => matches!(family, "ip6" | "inet"),
        };
        fits && chain.hook.as_deref() == Some(hook)
    }

    fn base_chain(&mut self, chain: &Chain) -> Fate {
        (self.reached, self.unaccepted) = (true, true);
        match self.chain(chain, 0) {
            Fate::Returned if chain.drops_by_default => {
                // The policy is met however the packet came to the end: past the last rule, or by a
                // return that was a "maybe". Only one that was accepted does not meet it.
                self.reached = true;
                let text = "its policy is drop, and no rule accepts";
                self.stop(chain, RuleAction::Drop, (text, None), true)
            }
            fate => fate,
        }
    }

    fn chain(&mut self, chain: &Chain, depth: usize) -> Fate {
        for rule in &chain.rules {
            let holds = self.all_hold(rule);
            if holds == Holds::No {
                continue;
            }
            let sure = holds == Holds::Yes;
            match self.rule(chain, rule, sure, depth) {
                Some(fate) => return fate,
                None => continue,
            }
        }
        Fate::Returned
    }

    /// What a rule that holds, or may hold, does; `None` to go on with the next.
    fn rule(&mut self, chain: &Chain, rule: &Rule, sure: bool, depth: usize) -> Option<Fate> {
        // Behind a rule that surely ends the chain nothing is looked at, even when it was not surely
        // reached: whoever did not reach it has left this chain before.
        let end = sure.then_some(Fate::Returned);
        match &rule.action {
            Action::Nothing => None,
            Action::Accept if sure && self.reached => Some(Fate::Accepted),
            Action::Accept => {
                self.unaccepted = false;
                end
            }
            Action::Return => {
                self.reached &= sure;
                end
            }
            Action::Drop => self.stopping(chain, rule, RuleAction::Drop, sure).or(end),
            Action::Reject => self.stopping(chain, rule, RuleAction::Reject, sure).or(end),
            Action::Jump(name) => self.go_to(chain, name, sure, depth),
            Action::Goto(name) => {
                // A goto does not come back to the rules behind it.
                let fate = self.go_to(chain, name, sure, depth);
                self.reached &= sure;
                fate.or(end)
            }
        }
    }

    fn stopping(
        &mut self,
        chain: &Chain,
        rule: &Rule,
        action: RuleAction,
        sure: bool,
    ) -> Option<Fate> {
        match self.stop(chain, action, (&rule.text, rule.undo.clone()), sure) {
            Fate::Stopped(hit) => Some(Fate::Stopped(hit)),
            _ => None,
        }
    }

    /// Stop for certain, or remember that it may have been stopped here and go on.
    ///
    /// One that may have been dropped leaves as sure as before what drops it later: it is stopped
    /// either way.
    fn stop(
        &mut self,
        chain: &Chain,
        action: RuleAction,
        (text, undo): (&str, Option<String>),
        sure: bool,
    ) -> Fate {
        let hit = RuleHit {
            action,
            text: text.to_owned(),
            undo,
            place: format!("table {}, chain {}", chain.table, chain.name),
            certain: sure && self.reached && self.unaccepted,
        };
        if hit.certain {
            return Fate::Stopped(hit);
        }
        self.maybe.get_or_insert(hit);
        Fate::Returned
    }

    /// Through another chain of the same table; `None` when the packet comes back from it.
    fn go_to(&mut self, from: &Chain, name: &str, sure: bool, depth: usize) -> Option<Fate> {
        let mut chains = self.rules.chains.iter();
        let to = chains.find(|c| c.table == from.table && c.name == name)?;
        if depth >= DEEPEST {
            return None;
        }
        let reached = self.reached;
        self.reached = reached && sure;
        let fate = self.chain(to, depth + 1);
        self.reached = reached;
        match fate {
            Fate::Returned => None,
            fate => Some(fate),
        }
    }

    fn all_hold(&self, rule: &Rule) -> Holds {
        let mut all = Holds::Yes;
        for condition in &rule.conditions {
            match self.holds(condition) {
                Holds::No => return Holds::No,
                Holds::Maybe => all = Holds::Maybe,
                Holds::Yes => {}
            }
        }
        all
    }

    fn holds(&self, condition: &Condition) -> Holds {
        let packet = self.packet;
        let holds = match &condition.test {
            Test::Port(ranges) => {
                known(ranges.iter().any(|(a, b)| (*a..=*b).contains(&packet.port)))
            }
            Test::Protocol(names) => known(names.iter().any(|name| name == "tcp" || name == "6")),
            Test::Source(nets) => match packet.source {
                Some(source) => known(nets.iter().any(|net| net.contains(&source))),
                None => Holds::Maybe,
            },
            Test::Destination(nets) => {
                known(nets.iter().any(|net| net.contains(&packet.destination)))
            }
            Test::ArrivesBy(names) if packet.direction == Direction::In => self.interface(names),
            Test::LeavesBy(names) if packet.direction == Direction::Out => self.interface(names),
            Test::ArrivesBy(_) | Test::LeavesBy(_) => Holds::No,
            Test::State(states) => {
                known(states.iter().any(|state| state.eq_ignore_ascii_case("new")))
            }
            Test::Unjudged => Holds::Maybe,
        };
        match (holds, condition.negated) {
            (Holds::Yes, true) => Holds::No,
            (Holds::No, true) => Holds::Yes,
            (holds, _) => holds,
        }
    }

    fn interface(&self, names: &[String]) -> Holds {
        match &self.packet.interface {
            Some(interface) => known(names.iter().any(|name| is_named(interface, name))),
            // From outside: not loopback, but which one is not known.
            None if names.iter().all(|name| name == "lo") => Holds::No,
            None => Holds::Maybe,
        }
    }
}

fn known(holds: bool) -> Holds {
    if holds { Holds::Yes } else { Holds::No }
}

fn is_named(interface: &str, pattern: &str) -> bool {
    match pattern.strip_suffix(['*', '+']) {
        Some(start) => interface.starts_with(start),
        None => interface == pattern,
    }
}
