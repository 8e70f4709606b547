//! A report for tests: a clean run of 100 clients, 8 s measured at 1,000 lines a second.

use super::*;

pub(crate) fn sample() -> Report {
    Report {
        schema: SCHEMA,
        program: "otherend 0.1.0".into(),
        when: "2026-11-21T10:00:00Z".into(),
        machine: Machine {
            cpu: "Fast 9".into(),
            cores: 2,
            system: "Linux 6.1 x86_64".into(),
        },
        address: "127.0.0.1:8080".into(),
        targets: vec!["127.0.0.1:8080".into()],
        load: Load {
            clients: 100,
            threads: 1,
            in_flight: Some(1),
            rate: None,
            size: 32,
            prefix: "From server -> ".into(),
            seconds: 10.0,
            warm_up_s: 2.0,
        },
        connections: Connections {
            asked: 100,
            made: 100,
            took_s: 0.01,
            missing: vec![],
        },
        measured_s: 8.0,
        lines: 8000,
        lines_per_s: 1000.0,
        bytes_per_s: 79_000.0,
        latency: latency(),
        lateness: None,
        quantiles: vec![
            (0.0, 20_000),
            (0.5, 55_000),
            (0.9, 70_000),
            (1.0, 1_000_000),
        ],
        histogram: vec![(19_484, 21_247, 100), (53_982, 58_868, 7900)],
        series: (0..100).map(point).collect(),
        load_cpu: vec![ThreadCpu {
            busy: 0.4,
            waiting: Some(0.01),
            saturated: false,
        }],
        server_cpu: Some(ServerCpu {
            pid: 4711,
            name: "server".into(),
            cores: 0.5,
            lines_per_cpu_s: 2000.0,
        }),
        trouble: Trouble::default(),
        remarks: vec![],
    }
}

fn latency() -> Latency {
    Latency {
        lines: 8000,
        min_ns: 20_000,
        mean_ns: 60_000.0,
        p50_ns: 55_000,
        p90_ns: 70_000,
        p99_ns: 90_000,
        p999_ns: 200_000,
        max_ns: 1_000_000,
    }
}

/// Rates of 990, 1,000 and 1,010 in turn: a spread of 2 %.
fn point(number: u32) -> Point {
    Point {
        from_s: f64::from(number) / 10.0,
        to_s: f64::from(number + 1) / 10.0,
        lines_per_s: 990.0 + f64::from(number % 3) * 10.0,
        p50_ns: 55_000,
        p99_ns: 90_000,
        ended: 0,
    }
}
