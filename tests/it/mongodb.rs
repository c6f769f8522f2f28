//! MongoDB. What needs a replica set, a fault or a login runs on a scripted server whose replies are ours; what a query
//! really gives runs on the DocumentDB engine, where `scripts/servers` could have it.

mod acts;
mod bridge;
mod connect;
mod objects;
mod observe;
mod read;
mod support;
mod tls;
