//! nftables: `nft -j list ruleset` for the meaning, the plain listing for the words.

use std::collections::HashMap;

use ipnet::IpNet;
use serde_json::Value;

use super::{Action, Chain, Condition, Rule, Ruleset, Test, output_of};

/// Read all rules of this machine. Wants root.
pub(super) fn read() -> Result<Ruleset, String> {
    // The JSON is exact and no text for people: {"match": {"op": "==", …}} is
    // `tcp dport 80` in the plain listing. Handles, `# handle 12`, bring the two together.
    let json = output_of("nft", &["-j", "-a", "list", "ruleset"])?;
    let plain = output_of("nft", &["-a", "list", "ruleset"])?;
    parse(&json, &plain)
}

fn parse(json: &str, plain: &str) -> Result<Ruleset, String> {
    let parsed: Value = serde_json::from_str(json).map_err(|error| format!("nft: {error}"))?;
    let items = parsed["nftables"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut reader = Reader {
        chains: Vec::new(),
        sets: HashMap::new(),
        texts: texts(plain),
    };
    for item in items {
        reader.set(&item["set"]);
        reader.chain(&item["chain"]);
    }
    for item in items {
        reader.rule(&item["rule"]);
    }
    let chains = reader.chains;
    Ok(Ruleset { chains })
}

/// The lines of the plain listing by table and handle.
fn texts(plain: &str) -> HashMap<(String, u64), String> {
    let mut texts = HashMap::new();
    let mut table = String::new();
    for line in plain.lines() {
        let Some((text, handle)) = line.trim().rsplit_once(" # handle ") else {
            continue;
        };
        if let Some(name) = text.strip_prefix("table ") {
            table = name.trim_end_matches('{').trim().to_owned();
        } else if let Ok(handle) = handle.parse() {
            texts.insert((table.clone(), handle), text.to_owned());
        }
    }
    texts
}

struct Reader {
    chains: Vec<Chain>,
    /// The elements of named sets, by table and name.
    sets: HashMap<(String, String), Vec<Value>>,
    texts: HashMap<(String, u64), String>,
}

fn word(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn table_of(value: &Value) -> String {
    format!("{} {}", word(value, "family"), word(value, "table"))
}

impl Reader {
    fn set(&mut self, set: &Value) {
        if let Some(elements) = set["elem"].as_array() {
            let key = (table_of(set), word(set, "name"));
            self.sets.insert(key, elements.clone());
        }
    }

    fn chain(&mut self, chain: &Value) {
        // A chain of type nat changes addresses and stops nothing.
        if chain.is_object() && word(chain, "type") != "nat" {
            self.chains.push(Chain {
                table: table_of(chain),
                name: word(chain, "name"),
                hook: chain["hook"].as_str().map(str::to_owned),
                priority: chain["prio"].as_i64().unwrap_or(0),
                drops_by_default: word(chain, "policy") == "drop",
                rules: Vec::new(),
            });
        }
    }

    fn rule(&mut self, rule: &Value) {
        let Some(statements) = rule["expr"].as_array() else {
            return;
        };
        let (table, name) = (table_of(rule), word(rule, "chain"));
        let handle = rule["handle"].as_u64().unwrap_or(0);
        let text = self
            .texts
            .get(&(table.clone(), handle))
            .cloned()
            .unwrap_or_default();
        let undo = format!("nft delete rule {table} {name} handle {handle}");
        let rules = self.rules_of(&table, statements, (&text, undo));
        if let Some(chain) = self
            .chains
            .iter_mut()
            .find(|c| c.table == table && c.name == name)
        {
            chain.rules.extend(rules);
        }
    }

    /// One rule; or one for each entry, when it has a verdict map.
    fn rules_of(
        &self,
        table: &str,
        statements: &[Value],
        (text, undo): (&str, String),
    ) -> Vec<Rule> {
        // A rule is conditions and statements from left to right, up to the first verdict:
        // `ip saddr 10.0.0.0/8 tcp dport 81 counter drop`. One without a verdict decides nothing.
        let mut conditions = Vec::new();
        for statement in statements {
            if statement["vmap"].is_object() {
                return self.map_rules(table, &conditions, &statement["vmap"], text);
            }
            if let Some(action) = action(statement) {
                return vec![Rule {
                    conditions,
                    action,
                    text: text.to_owned(),
                    undo: Some(undo),
                }];
            }
            conditions.extend(self.condition(table, statement));
        }
        Vec::new()
    }

    /// `ct state vmap { new : jump x, … }`
    fn map_rules(&self, table: &str, before: &[Condition], map: &Value, text: &str) -> Vec<Rule> {
        // A verdict map is as many rules as it has entries, each with the conditions before it; a packet
        // that no entry fits goes on to the next rule, as it does past rules. None can be deleted alone.
        let entries = map["data"]["set"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let rule = |entry: &Value| {
            let mut conditions = before.to_vec();
            conditions.push(Condition {
                test: self.test(table, &map["key"], &entry[0]),
                negated: false,
            });
            let action = action(&entry[1])?;
            Some(Rule {
                conditions,
                action,
                text: text.to_owned(),
                undo: None,
            })
        };
        entries.iter().filter_map(rule).collect()
    }

    fn condition(&self, table: &str, statement: &Value) -> Option<Condition> {
        let unjudged = Condition {
            test: Test::Unjudged,
            negated: false,
        };
        let found = &statement["match"];
        if found.is_object() {
            return Some(Condition {
                test: self.test(table, &found["left"], &found["right"]),
                negated: found["op"] == "!=",
            });
        }
        let name = statement.as_object()?.keys().next()?.as_str();
        match name {
            // These do something and do not decide; what is not known may be a condition.
            "counter" | "log" | "comment" | "notrack" | "mangle" => None,
            _ => Some(unjudged),
        }
    }

    fn test(&self, table: &str, left: &Value, right: &Value) -> Test {
        let values = self.values(table, right);
        let words = || {
            values
                .iter()
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect()
        };
        let field = (
            left["payload"]["protocol"]
                .as_str()
                .or(left["meta"]["key"].as_str())
                .or(left["ct"]["key"].as_str()),
            left["payload"]["field"].as_str(),
        );
        let test = match field {
            (Some("tcp" | "th"), Some("dport")) => all(&values, ports).map(Test::Port),
            (Some("ip" | "ip6"), Some("saddr")) => all(&values, network).map(Test::Source),
            (Some("ip" | "ip6"), Some("daddr")) => all(&values, network).map(Test::Destination),
            (Some("ip"), Some("protocol")) | (Some("ip6"), Some("nexthdr")) => {
                Some(Test::Protocol(words()))
            }
            // `udp dport 53` holds for UDP only: for a TCP packet it is a protocol that is none of these.
            (Some("udp" | "icmp" | "icmpv6" | "sctp" | "dccp" | "udplite"), Some(_)) => {
                Some(Test::Protocol(Vec::new()))
            }
            (Some("l4proto"), None) => Some(Test::Protocol(words())),
            (Some("iif" | "iifname"), None) => Some(Test::ArrivesBy(words())),
            (Some("oif" | "oifname"), None) => Some(Test::LeavesBy(words())),
            (Some("state"), None) => Some(Test::State(words())),
            _ => None,
        };
        test.unwrap_or(Test::Unjudged)
    }

    /// A value, the elements of a set, or those of a named set.
    fn values(&self, table: &str, right: &Value) -> Vec<Value> {
        // `@ports` names a set of the same table, whose elements stand elsewhere in the listing. One that
        // is filled by rules (`add @blocked { ip saddr }`) may be empty now and not when it was asked.
        if let Some(name) = right.as_str().and_then(|text| text.strip_prefix('@')) {
            let key = (table.to_owned(), name.to_owned());
            return self.sets.get(&key).cloned().unwrap_or_default();
        }
        match (right.as_array(), right["set"].as_array()) {
            (Some(list), _) | (_, Some(list)) => list.clone(),
            _ => vec![right.clone()],
        }
    }
}

/// All values in one form, or none when one of them has another.
fn all<T>(values: &[Value], one: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    values.iter().map(|value| one(inner(value))).collect()
}

/// An element with a timeout or a comment is wrapped.
fn inner(value: &Value) -> &Value {
    if value["elem"].is_object() {
        &value["elem"]["val"]
    } else {
        value
    }
}

fn ports(value: &Value) -> Option<(u16, u16)> {
    let port = |value: &Value| u16::try_from(value.as_u64()?).ok();
    match value["range"].as_array().map(Vec::as_slice) {
        Some([from, to]) => Some((port(from)?, port(to)?)),
        _ => port(value).map(|port| (port, port)),
    }
}

fn network(value: &Value) -> Option<IpNet> {
    let prefix = &value["prefix"];
    if prefix.is_object() {
        let length = u8::try_from(prefix["len"].as_u64()?).ok()?;
        return IpNet::new(prefix["addr"].as_str()?.parse().ok()?, length).ok();
    }
    Some(IpNet::from(
        value.as_str()?.parse::<std::net::IpAddr>().ok()?,
    ))
}

fn action(statement: &Value) -> Option<Action> {
    let statement = statement.as_object()?;
    let target = |name: &str| {
        statement[name]["target"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let name = statement.keys().next()?.as_str();
    Some(match name {
        "accept" => Action::Accept,
        "drop" => Action::Drop,
        "reject" => Action::Reject,
        "return" => Action::Return,
        "jump" => Action::Jump(target("jump")),
        "goto" => Action::Goto(target("goto")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
