//! iptables and ip6tables, as `iptables-save` and `ip6tables-save` print them.

use ipnet::IpNet;

use super::{Action, Chain, Condition, Rule, Ruleset, Test, output_of};

/// The built-in chains and the hooks that they stand for.
const HOOKS: [(&str, &str); 4] = [
    ("PREROUTING", "prerouting"),
    ("INPUT", "input"),
    ("OUTPUT", "output"),
    ("POSTROUTING", "postrouting"),
];

/// Read the rules of both families. Wants root.
pub(super) fn read() -> Result<Ruleset, String> {
    let mut rules = parse("ip", &output_of("iptables-save", &[])?);
    if let Ok(v6) = output_of("ip6tables-save", &[]) {
        rules.chains.extend(parse("ip6", &v6).chains);
    }
    Ok(rules)
}

fn parse(family: &str, saved: &str) -> Ruleset {
    // `*filter`, then its chains `:INPUT DROP [0:0]`, then its rules `-A INPUT …`, then `COMMIT`; the same
    // for the next table.
    let mut chains: Vec<Chain> = Vec::new();
    let mut table = String::new();
    for line in saved.lines() {
        match line.split_at_checked(1) {
            Some(("*", name)) => table = format!("{family} {name}"),
            Some((":", declared)) => chains.push(chain(&table, declared)),
            Some(("-", _)) => {
                if let Some((name, rule)) = rule(&table, line)
                    && let Some(chain) = chains
                        .iter_mut()
                        .find(|c| c.table == table && c.name == name)
                {
                    chain.rules.push(rule);
                }
            }
            _ => {}
        }
    }
    // The table nat changes addresses and stops nothing.
    chains.retain(|chain| !chain.table.ends_with(" nat"));
    Ruleset { chains }
}

/// `INPUT DROP [0:0]`
fn chain(table: &str, declared: &str) -> Chain {
    let mut words = declared.split(' ');
    let name = words.next().unwrap_or_default();
    let hook = HOOKS.iter().find(|(chain, _)| *chain == name);
    Chain {
        table: table.to_owned(),
        name: name.to_owned(),
        hook: hook.map(|(_, hook)| (*hook).to_owned()),
        priority: 0,
        drops_by_default: words.next() == Some("DROP"),
        rules: Vec::new(),
    }
}

/// `-A INPUT -p tcp -m tcp --dport 8080 -j DROP`
fn rule<'a>(table: &str, line: &'a str) -> Option<(&'a str, Rule)> {
    let rest = line.strip_prefix("-A ")?;
    let mut words = rest.split(' ');
    let chain = words.next()?;
    let mut conditions = Vec::new();
    let mut action = Action::Nothing;
    // `! -i lo` turns round the one option that follows. A match (`-m tcp`) only brings options and is
    // no condition; what follows the target (`--reject-with tcp-reset`) is the target's.
    let mut negated = false;
    while let Some(word) = words.next() {
        match word {
            "!" => {
                negated = true;
                continue;
            }
            "-m" => drop(words.next()),
            "-j" => {
                action = target(words.next()?, false);
                break;
            }
            "-g" => {
                action = target(words.next()?, true);
                break;
            }
            // What follows an option that is not known belongs to it, or is the next option.
            option if option.starts_with('-') => {
                let test = test(option, words.next().unwrap_or_default());
                conditions.push(Condition { test, negated });
            }
            _ => conditions.push(Condition {
                test: Test::Unjudged,
                negated: false,
            }),
        }
        negated = false;
    }
    Some((
        chain,
        Rule {
            conditions,
            action,
            text: line.to_owned(),
            undo: undo(table, rest),
        },
    ))
}

/// The command that removes a rule of a table, which is `ip filter` or `ip6 filter`.
fn undo(table: &str, rule: &str) -> Option<String> {
    let (family, name) = table.split_once(' ')?;
    let tool = if family == "ip6" {
        "ip6tables"
    } else {
        "iptables"
    };
    Some(format!("{tool} -t {name} -D {rule}"))
}

fn target(name: &str, goto: bool) -> Action {
    match name {
        "ACCEPT" => Action::Accept,
        "DROP" => Action::Drop,
        "REJECT" => Action::Reject,
        "RETURN" => Action::Return,
        "LOG" | "NFLOG" | "MARK" | "CONNMARK" | "TCPMSS" | "CT" | "SET" => Action::Nothing,
        chain if goto => Action::Goto(chain.to_owned()),
        chain => Action::Jump(chain.to_owned()),
    }
}

fn test(option: &str, value: &str) -> Test {
    let list = || value.split(',').map(str::to_owned).collect();
    let networks = || {
        value
            .split(',')
            .map(network)
            .collect::<Option<Vec<IpNet>>>()
    };
    let test = match option {
        "-p" => Some(Test::Protocol(list())),
        "--dport" | "--dports" | "--destination-port" => ports(value).map(Test::Port),
        "-s" => networks().map(Test::Source),
        "-d" => networks().map(Test::Destination),
        "-i" => Some(Test::ArrivesBy(list())),
        "-o" => Some(Test::LeavesBy(list())),
        "--state" | "--ctstate" => Some(Test::State(list())),
        _ => None,
    };
    test.unwrap_or(Test::Unjudged)
}

/// `80,443,8000:8100`
fn ports(value: &str) -> Option<Vec<(u16, u16)>> {
    let range = |part: &str| match part.split_once(':') {
        Some((from, to)) => Some((from.parse().ok()?, to.parse().ok()?)),
        None => part.parse().ok().map(|port| (port, port)),
    };
    value.split(',').map(range).collect()
}

fn network(value: &str) -> Option<IpNet> {
    let address = || value.parse::<std::net::IpAddr>().ok().map(IpNet::from);
    value.parse().ok().or_else(address)
}

#[cfg(test)]
mod tests {
    use super::super::{Direction, Packet, judge};
    use super::*;
    use crate::evidence::RuleAction;

    const SAVED: &str = "\
*nat
:PREROUTING DROP [0:0]
-A PREROUTING -p tcp --dport 8080 -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:OUTPUT ACCEPT [0:0]
:guard - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 10.0.0.0/8 -p tcp -m multiport --dports 80,8000:8100 -j guard
-A OUTPUT ! -o lo -p tcp -m tcp --dport 25 -j REJECT --reject-with icmp-port-unreachable
-A guard -m limit --limit 5/sec -j ACCEPT
-A guard -p tcp -j REJECT --reject-with tcp-reset
COMMIT
";

    fn hit(direction: Direction, source: Option<&str>, port: u16) -> Option<(RuleAction, bool)> {
        let packet = Packet {
            direction,
            source: source.map(|ip| ip.parse().unwrap()),
            destination: "192.0.2.1".parse().unwrap(),
            port,
            interface: Some("eth0".to_owned()),
        };
        judge(&parse("ip", SAVED), &packet).map(|hit| (hit.action, hit.certain))
    }

    #[test]
    fn a_packet_meets_the_rule_that_the_kernel_would_apply() {
        assert_eq!(hit(Direction::In, Some("192.0.2.9"), 22), None);
        assert_eq!(
            hit(Direction::In, Some("192.0.2.9"), 8080),
            Some((RuleAction::Drop, true))
        );
        assert_eq!(
            hit(Direction::Out, None, 25),
            Some((RuleAction::Reject, true))
        );
        assert_eq!(hit(Direction::Out, None, 26), None);
    }

    #[test]
    fn a_rate_limit_makes_what_comes_after_it_uncertain() {
        assert_eq!(
            hit(Direction::In, Some("10.1.1.1"), 8080),
            Some((RuleAction::Reject, false))
        );
    }

    /// What happens to port 80, given rules of the chains INPUT and guard.
    fn port_80(rules: &str) -> Option<bool> {
        let saved = format!("*filter\n:INPUT ACCEPT [0:0]\n:guard - [0:0]\n{rules}COMMIT\n");
        let packet = Packet {
            direction: Direction::In,
            source: None,
            destination: "192.0.2.1".parse().unwrap(),
            port: 80,
            interface: None,
        };
        judge(&parse("ip", &saved), &packet).map(|hit| hit.certain)
    }

    #[test]
    fn what_may_have_been_accepted_in_a_chain_is_uncertain_behind_it() {
        let sure = "-A INPUT -j guard\n-A INPUT -p tcp --dport 80 -j DROP\n";
        let perhaps = sure.replace("-j guard", "-m limit --limit 5/sec -j guard");
        let accepts = "-A guard -m mark --mark 0x1 -j ACCEPT\n";
        assert_eq!(port_80(&format!("{sure}{accepts}")), Some(false));
        assert_eq!(port_80(&format!("{perhaps}{accepts}")), Some(false));
        assert_eq!(
            port_80(&format!("{perhaps}-A guard -j ACCEPT\n")),
            Some(false)
        );
        assert_eq!(port_80(&format!("{sure}-A guard -j ACCEPT\n")), None);
    }

    #[test]
    fn a_return_comes_to_what_is_behind_the_jump() {
        let rules = "-A INPUT -j guard\n-A INPUT -p tcp --dport 80 -j DROP\n\
            -A guard -m mark --mark 0x1 -j RETURN\n-A guard -p udp -j ACCEPT\n";
        assert_eq!(port_80(rules), Some(true));
        // Behind a return that is a "maybe", the same chain may not be gone through.
        let accepted_there = rules.replace("-p udp -j ACCEPT", "-j ACCEPT");
        assert_eq!(port_80(&accepted_there), Some(false));
    }

    #[test]
    fn a_goto_does_not_come_back() {
        let rules = "-A INPUT -g guard\n-A INPUT -p tcp --dport 80 -j DROP\n";
        assert_eq!(port_80(rules), None);
        let perhaps = rules.replace("-g guard", "-m mark --mark 0x1 -g guard");
        assert_eq!(port_80(&perhaps), Some(false));
    }
}
