//! How much memory there may be, and giving a crowd's back to the system once most of it has left (usually:
//! heap trimming).
//!
//! glibc keeps what was freed below the last piece in use, for good: a server that once had ten
//! thousand peers would look as if they were still here.

/// Give back what is free. Takes milliseconds where much is free: not for a conversation's path.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_back() {
    // Another allocator takes 6 MB more at rest, and does not give memory back while idle either.
    // SAFETY: malloc_trim takes no pointer, locks the allocator itself, and frees nothing in use.
    #[allow(unsafe_code)]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators give free memory back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}

/// How much more address space this process may have; `None`: that is not limited, or not known.
pub(crate) fn address_space_left() -> Option<u64> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::As);
    let status = std::fs::read_to_string("/proc/self/status");
    limit.current.zip(status.ok()).and_then(|(limit, status)| {
        let size = status
            .lines()
            .find_map(|line| line.strip_prefix("VmSize:"))?;
        let kib: u64 = size.split_whitespace().next()?.parse().ok()?;
        Some(limit.saturating_sub(kib.saturating_mul(1024)))
    })
}
