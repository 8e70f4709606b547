//! cargo bench --manifest-path bench/Cargo.toml --bench conversation
//!
//! Bytes a second through a whole conversation that echoes: decoding, deadlines, counting, replies.
//! Against memchr over the same bytes, which does nothing with what it finds. The conversation is
//! used as an engine uses it: one read in, a large buffer lent for the replies, one write out.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use otherend_core::{AnyBehaviour, Conversation, Echo, Framing, Outbox, Settings, Time};

/// What an engine reads at a time.
const READ: usize = 64 * 1024;

/// `count` lines of `size` bytes, line feed included.
fn lines(size: usize, count: usize) -> Vec<u8> {
    let mut line: Vec<u8> = (b'a'..=b'z').cycle().take(size - 1).collect();
    line.push(b'\n');
    line.repeat(count)
}

fn conversation(criterion: &mut Criterion) {
    for (size, count) in [(32, 1), (32, 16), (32, READ / 32), (1024, READ / 1024)] {
        let input = lines(size, count);
        let name = format!("answer {count} x {size}-byte lines a read");
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(input.len() as u64));
        group.bench_function("memchr, counting", |bencher| {
            bencher.iter(|| memchr::memchr_iter(b'\n', black_box(&input)).count());
        });
        for framing in [Framing::Lf, Framing::Auto] {
            let name = BenchmarkId::new("conversation", framing);
            group.bench_function(name, |bencher| {
                let (mut conversation, mut buffer) = open(framing);
                bencher.iter(|| answer(&mut conversation, &mut buffer, black_box(&input)));
            });
        }
        group.finish();
    }
}

/// An echo with all limits on, and the buffer that is lent to it.
fn open(framing: Framing) -> (Conversation, Outbox) {
    let settings = Settings {
        framing,
        ..Settings::server()
    };
    let echo = AnyBehaviour::Echo(Echo::default());
    let mut conversation = Conversation::new(Arc::new(settings), echo, Time::ZERO);
    conversation.open(Time::ZERO);
    (conversation, Outbox::with_capacity(2 * READ))
}

/// One read, all its replies, one write that takes them all.
fn answer(conversation: &mut Conversation, buffer: &mut Outbox, input: &[u8]) -> usize {
    let now = black_box(Time::ZERO);
    conversation.lend(buffer);
    conversation.receive(now, input);
    let written = black_box(conversation.unsent()).len();
    conversation.sent(now, written);
    conversation.give_back(buffer);
    written
}

criterion_group!(benches, conversation);
criterion_main!(benches);
