//! cargo bench --manifest-path bench/Cargo.toml --bench decoder
//!
//! Bytes a second through the decoder, against memchr over the same bytes: counting the line feeds
//! in vectors, and stopping at each of them. The input is what one read brings.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use otherend_core::{Framing, Decoder};

/// What an engine reads at a time.
const READ: usize = 64 * 1024;

/// One read full of lines of `size` bytes, line feed included.
fn lines(size: usize) -> Vec<u8> {
    let mut line: Vec<u8> = (b'a'..=b'z').cycle().take(size - 1).collect();
    line.push(b'\n');
    line.repeat(READ / size)
}

fn decoder(criterion: &mut Criterion) {
    for size in [8, 32, 128, 1024] {
        let input = lines(size);
        let mut group = criterion.benchmark_group(format!("decode {size}-byte lines"));
        group.throughput(Throughput::Bytes(input.len() as u64));
        group.bench_function("memchr, counting", |bencher| {
            bencher.iter(|| memchr::memchr_iter(b'\n', black_box(&input)).count());
        });
        group.bench_function("memchr, each line", |bencher| {
            bencher.iter(|| each_line(black_box(&input)));
        });
        for framing in [Framing::Lf, Framing::Auto] {
            let name = BenchmarkId::new("decoder", framing);
            group.bench_function(name, |bencher| {
                let mut decoder = Decoder::new(&framing, READ);
                bencher.iter(|| decode(&mut decoder, black_box(&input)));
            });
        }
        group.finish();
    }
}

/// The least that anyone does who looks at every line: its length.
fn each_line(input: &[u8]) -> usize {
    let mut start = 0;
    let mut longest = 0;
    for end in memchr::memchr_iter(b'\n', input) {
        longest = longest.max(end - start);
        start = end + 1;
    }
    longest
}

/// Take every line, and look at nothing but its length.
fn decode(decoder: &mut Decoder, input: &[u8]) -> usize {
    let mut longest = 0;
    let mut feed = decoder.feed(input);
    while let Some(found) = feed.next() {
        if let otherend_core::Decoded::Message(line, _) = found {
            longest = longest.max(line.len());
        }
    }
    longest
}

criterion_group!(benches, decoder);
criterion_main!(benches);
