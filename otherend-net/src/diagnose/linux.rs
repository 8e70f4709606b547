//! What only Linux tells, one small module for each source. Elsewhere `unknown.rs` stands here.

mod icmp;
mod privilege;
mod process;
mod route;
mod sockets;

pub(super) use icmp::{keep_errors, take_error};
pub(super) use privilege::first_unprivileged_port;
pub(super) use process::{descriptors_of, state_of};
pub(super) use route::{link_of, route_to};
pub(super) use sockets::{half_open, refused_to_send, time_wait};
