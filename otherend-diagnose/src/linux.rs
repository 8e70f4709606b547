//! What only Linux tells, one small module for each source. Elsewhere `unknown.rs` stands here.

mod icmp;
mod privilege;
mod process;
mod route;
mod sockets;

pub(crate) use icmp::{keep_errors, take_error};
pub(crate) use privilege::first_unprivileged_port;
pub(crate) use process::{descriptors_of, state_of};
pub(crate) use route::{link_of, route_to};
pub(crate) use sockets::{half_open, refused_to_send, time_wait};
