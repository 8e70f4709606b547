//! What only Linux tells, one small module for each source. Elsewhere `unknown.rs` stands here.

mod counters;
mod icmp;
mod process;
mod route;
mod sockets;

pub(super) use counters::{first_unprivileged_port, refused_retransmissions};
pub(super) use icmp::{keep_errors, take_error};
pub(super) use process::{descriptors_of, state_of};
pub(super) use route::{link_of, route_to};
pub(super) use sockets::{half_open, time_wait};
