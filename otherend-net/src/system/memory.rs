//! Giving a crowd's memory back to the system once most of it has left (usually: heap trimming).
//!
//! glibc keeps what was freed below the last piece in use, for good: a server that once had ten
//! thousand peers would look as if they were still here.

/// Give back what is free. Takes milliseconds where much is free: not for a conversation's path.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_back() {
    // SAFETY: malloc_trim takes no pointer, locks the allocator itself, and frees nothing in use.
    #[allow(unsafe_code)]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators give free memory back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}
