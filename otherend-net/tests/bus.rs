//! What a bus promises, shown with couriers that carry between "machines" in this process.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use otherend_net::bus::{
    Bus, BusConfig, Courier, Member, Name, NotAdmitted, Publication, Request, RoomEvent, bus,
};

/// Nothing in these tests takes long: who waits for so long waits for ever.
const FOR_EVER: Duration = Duration::from_secs(20);

/// What all machines share: one order for each room, and whose the names are.
#[derive(Default)]
struct Stream {
    rooms: HashMap<Name, Vec<RoomEvent>>,
    names: HashMap<(Name, Name), (usize, u64)>,
    /// Lines that were carried already, by machine, member and number.
    carried: HashSet<(usize, u64, u64)>,
}

/// Several machines, a bus and a thread with its courier each.
struct Machines {
    buses: Vec<Bus>,
    couriers: Arc<Vec<Courier>>,
    stream: Arc<Mutex<Stream>>,
    /// While it is set, couriers take nothing.
    away: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Machines {
    fn new(count: usize, config: &BusConfig) -> Machines {
        let (buses, couriers): (Vec<_>, Vec<_>) = (0..count).map(|_| bus(config.clone())).unzip();
        let mut machines = Machines {
            buses,
            couriers: Arc::new(couriers),
            stream: Arc::default(),
            away: Arc::default(),
            over: Arc::default(),
            threads: Vec::new(),
        };
        for machine in 0..count {
            let (couriers, stream) = (Arc::clone(&machines.couriers), Arc::clone(&machines.stream));
            let (away, over) = (Arc::clone(&machines.away), Arc::clone(&machines.over));
            machines.threads.push(thread::spawn(move || {
                while !over.load(Ordering::SeqCst) {
                    let next = match away.load(Ordering::SeqCst) {
                        true => None,
                        false => couriers[machine].next(Duration::from_millis(1)),
                    };
                    if let Some(request) = next {
                        carry(machine, request, &couriers, &mut stream.lock().unwrap());
                    }
                }
            }));
        }
        machines
    }

    fn enters(&self, machine: usize, name: &str) -> Result<Member, NotAdmitted> {
        let mut entering = self.buses[machine].enter(called("lobby"), called(name));
        entering.wait(FOR_EVER).unwrap()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// One request, as any courier would: through the stream to all machines.
fn carry(machine: usize, request: Request, couriers: &[Courier], stream: &mut Stream) {
    match request {
        Request::Enter(entry) => {
            let key = (entry.room.clone(), entry.name.clone());
            if stream.names.contains_key(&key) {
                return entry.refuse("the name is taken");
            }
            let (room, name) = key.clone();
            stream.names.insert(key, (machine, entry.member));
            let history = stream.rooms.entry(room.clone()).or_default().clone();
            let courier = &couriers[machine];
            courier.admit(entry, 0);
            for (sequence, told) in (1..).zip(history) {
                // A room that was open here knows all of it.
                courier.deliver(&room, sequence, told);
            }
            for (_, present) in stream.names.keys().filter(|(at, _)| *at == room) {
                couriers[machine].arrived(&room, present.clone());
            }
            for courier in couriers {
                courier.arrived(&room, name.clone());
            }
            publish(&room, RoomEvent::Joined(name), couriers, stream);
        }
        Request::Say(saying) => {
            let identity = (machine, saying.member, saying.number);
            if stream.carried.insert(identity) {
                let (from, line) = (saying.from, saying.line);
                publish(
                    &saying.room,
                    RoomEvent::Said { from, line },
                    couriers,
                    stream,
                );
            }
        }
        Request::Leave { member, room, name } => {
            let key = (room.clone(), name.clone());
            if stream.names.get(&key) == Some(&(machine, member)) {
                stream.names.remove(&key);
                for courier in couriers {
                    courier.departed(&room, &name);
                }
                publish(&room, RoomEvent::Left(name), couriers, stream);
            }
        }
        other => panic!("{other:?}"),
    }
}

fn publish(room: &Name, told: RoomEvent, couriers: &[Courier], stream: &mut Stream) {
    let messages = stream.rooms.entry(room.clone()).or_default();
    messages.push(told.clone());
    for courier in couriers {
        courier.deliver(room, messages.len() as u64, told.clone());
    }
}

fn called(name: &str) -> Name {
    name.parse().unwrap()
}

/// What a member is told up to the moment when `count` things were, in a short form.
fn told(member: &mut Member, count: usize) -> Vec<String> {
    let (mut all, began) = (Vec::new(), Instant::now());
    while all.len() < count {
        assert!(began.elapsed() < FOR_EVER, "{all:?}");
        let taken = member.told().wait(1, FOR_EVER);
        if taken.skipped > 0 {
            all.push(format!("* {} skipped", taken.skipped));
        }
        all.extend(taken.records.iter().map(|told| match &**told {
            RoomEvent::Said { from, line } => format!("{from}: {}", String::from_utf8_lossy(line)),
            RoomEvent::Joined(name) => format!("+{name}"),
            RoomEvent::Left(name) => format!("-{name}"),
            other => format!("{other:?}"),
        }));
        if taken.is_last {
            all.push("over".into());
        }
    }
    all
}

#[test]
fn everybody_is_told_the_same_in_one_order() {
    let machines = Machines::new(3, &BusConfig::default());
    let mut members: Vec<_> = (0..6)
        .map(|i| machines.enters(i % 3, &format!("m{i}")).unwrap())
        .collect();
    thread::scope(|scope| {
        for member in &members {
            scope.spawn(|| {
                for line in 0..20 {
                    assert_eq!(member.say(line.to_string().as_bytes()), Publication::Taken);
                }
            });
        }
    });
    let all: Vec<_> = members.iter_mut().map(|m| told(m, 126)).collect();
    for one in &all {
        assert_eq!(one, &all[0]);
    }
    for member in 0..6 {
        let own = all[0]
            .iter()
            .filter(|t| t.starts_with(&format!("m{member}:")));
        assert!(
            own.eq(&(0..20)
                .map(|i| format!("m{member}: {i}"))
                .collect::<Vec<_>>())
        );
    }
}

#[test]
fn a_name_is_one_members_on_all_machines_until_it_leaves() {
    let machines = Machines::new(2, &BusConfig::default());
    let ann = machines.enters(0, "ann").unwrap();
    let mut bob = machines.enters(1, "bob").unwrap();
    let refused = machines.enters(1, "ann").unwrap_err();
    assert_eq!(refused.to_string(), "the name is taken");
    assert_eq!(bob.present(), [called("ann"), called("bob")]);
    // The one that was refused takes its leave too, which is none of ann's.
    assert!(machines.enters(1, "ann").is_err());
    drop(ann);
    assert_eq!(told(&mut bob, 3), ["+ann", "+bob", "-ann"]);
    assert_eq!(bob.present(), [called("bob")]);
    machines.enters(1, "ann").unwrap();
}

#[test]
fn who_does_not_listen_misses_lines_and_delays_nobody() {
    let mut config = BusConfig::default();
    config.room_records = 10;
    let machines = Machines::new(1, &config);
    let mut slow = machines.enters(0, "slow").unwrap();
    let mut quick = machines.enters(0, "quick").unwrap();
    assert_eq!(told(&mut quick, 2), ["+slow", "+quick"]);
    for line in 0..100 {
        quick.say(line.to_string().as_bytes());
        assert_eq!(told(&mut quick, 1), [format!("quick: {line}")]);
    }
    assert_eq!(told(&mut slow, 2), ["* 92 skipped", "quick: 90"]);
}

#[test]
fn while_the_bus_is_away_lines_wait_and_too_many_are_refused() {
    let mut config = BusConfig::default();
    config.waiting = 1000;
    let machines = Machines::new(2, &config);
    let (ann, mut bob) = (
        machines.enters(0, "ann").unwrap(),
        machines.enters(1, "bob").unwrap(),
    );
    machines.away.store(true, Ordering::SeqCst);
    machines.couriers[1].tell_all(&RoomEvent::Away);
    let mut taken = 0;
    // One may have been taken by a courier that was about to look.
    while ann.say(taken.to_string().as_bytes()) == Publication::Taken {
        taken += 1;
        assert!(taken < 1000);
    }
    assert_eq!(ann.say(b"too much"), Publication::Full);
    machines.couriers[1].tell_all(&RoomEvent::Back);
    machines.away.store(false, Ordering::SeqCst);
    let told = told(&mut bob, 4 + taken);
    let said: Vec<_> = told.iter().filter(|t| t.starts_with("ann:")).collect();
    assert!(
        said.into_iter()
            .eq(&(0..taken).map(|i| format!("ann: {i}")).collect::<Vec<_>>())
    );
    assert!(told.contains(&"Away".into()) && told.contains(&"Back".into()));
}

#[test]
fn who_enters_is_told_the_last_of_what_was() {
    let mut config = BusConfig::default();
    config.history = 3;
    let machines = Machines::new(2, &config);
    let mut ann = machines.enters(0, "ann").unwrap();
    for line in ["one", "two", "three"] {
        ann.say(line.as_bytes());
    }
    told(&mut ann, 4);
    let mut here = machines.enters(0, "bob").unwrap();
    assert_eq!(told(&mut here, 1).len(), 1);
    // Nobody was in the room there: its courier brings the history.
    let mut there = machines.enters(1, "cleo").unwrap();
    let history = told(&mut there, 6);
    assert!(history.contains(&"ann: three".into()), "{history:?}");
}

#[test]
fn a_gap_is_told_and_a_repetition_is_not() {
    let (bus, courier) = bus(BusConfig::default());
    let mut entering = bus.enter(called("lobby"), called("ann"));
    assert!(entering.wait(Duration::ZERO).is_none());
    let Some(Request::Enter(entry)) = courier.next(FOR_EVER) else {
        panic!("somebody wants to enter");
    };
    courier.admit(entry, 40);
    let mut ann = entering.wait(FOR_EVER).unwrap().unwrap();
    let lobby = called("lobby");
    let joined = |name| RoomEvent::Joined(called(name));
    assert!(courier.deliver(&lobby, 41, joined("a")));
    assert!(!courier.deliver(&lobby, 41, joined("a")));
    assert!(courier.deliver(&lobby, 45, joined("b")));
    assert!(!courier.deliver(&called("elsewhere"), 1, joined("c")));
    assert_eq!(told(&mut ann, 3), ["+a", "* 3 skipped", "+b"]);
    drop(courier);
    assert_eq!(told(&mut ann, 1), ["over"]);
    assert_eq!(ann.say(b"x"), Publication::Gone);
    let gone = bus.enter(lobby, called("bob")).wait(FOR_EVER);
    assert_eq!(gone.unwrap().unwrap_err(), NotAdmitted::Gone);
}

#[test]
fn who_changes_its_mind_takes_its_leave() {
    let (bus, courier) = bus(BusConfig::default());
    drop(bus.enter(called("lobby"), called("ann")));
    let Some(Request::Enter(entry)) = courier.next(FOR_EVER) else {
        panic!("somebody wanted to enter");
    };
    let member = entry.member;
    courier.admit(entry, 0);
    let Some(Request::Leave { member: gone, .. }) = courier.next(FOR_EVER) else {
        panic!("it has left");
    };
    assert_eq!(gone, member);
    assert!(!courier.deliver(&called("lobby"), 1, RoomEvent::Joined(called("ann"))));
}
